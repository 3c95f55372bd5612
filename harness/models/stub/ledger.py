"""What a stub server was asked, kept within bounds."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from harness.core.files import parse_json
from harness.core.types import Json

MOST_CALLS = 10_000
MOST_BYTES = 64 * 2**20


@dataclass(slots=True)
class Asked:
    """One request. `status` is None while it is being answered, and where no answer is sent."""

    n: int
    at: float
    path: str
    body: bytes
    model: str | None = None
    sample: str = ""
    trial: int = 0
    messages: int = 0
    fault: str | None = None
    status: int | None = None
    ms: float | None = None

    def to_json(self) -> dict[str, Json]:
        """The request as /_stub/calls shows it: with its body, None where that was no JSON."""
        try:
            body = parse_json(self.body.decode())
        except (ValueError, RecursionError):
            body = None
        return {
            "n": self.n,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "path": self.path,
            "model": self.model,
            "sample": self.sample,
            "trial": self.trial,
            "messages": self.messages,
            "fault": self.fault,
            "status": self.status,
            "ms": self.ms,
            "body": body,
        }


class Ledger:
    """The latest requests, up to 10,000 and 64 MiB of bodies; may be used from several threads."""

    def __init__(self) -> None:
        self._kept: deque[Asked] = deque()
        self._lock = Lock()
        self._total = self._bytes = 0

    def add(self, *, at: float, path: str, body: bytes) -> Asked:
        """Take a request down; what becomes of it is set on what is returned."""
        with self._lock:
            self._total += 1
            asked = Asked(self._total, at, path, body)
            self._kept.append(asked)
            self._bytes += len(body)
            while len(self._kept) > MOST_CALLS or (self._bytes > MOST_BYTES and len(self._kept) > 1):
                self._bytes -= len(self._kept.popleft().body)
            return asked

    def clear(self) -> None:
        """Forget everything; numbers begin at 1 again."""
        with self._lock:
            self._kept.clear()
            self._total = self._bytes = 0

    def calls(self) -> list[dict[str, Json]]:
        """What was asked and is still kept, the first request first."""
        with self._lock:
            kept = list(self._kept)
        return [asked.to_json() for asked in kept]

    def to_json(self) -> dict[str, Json]:
        """The body of /_stub/calls: also how many there were, and how many of them are no longer kept."""
        calls = self.calls()
        return {"total": self._total, "left_out": max(self._total - len(calls), 0), "calls": calls}
