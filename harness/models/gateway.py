"""The one way to a model: recorded replies, a hard deadline, bounded retries, and a record of every call."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from harness.core.errors import InfrastructureError
from harness.core.text import holdable
from harness.core.types import Json
from harness.models.calls import Call, Reply, ToolCall
from harness.models.failures import RETRYABLE
from harness.models.prices import Prices

if TYPE_CHECKING:
    from tenacity import RetryCallState

MAX_CHARS = 200_000
"""A reply longer than this is cut and counts as truncated."""
_LONGEST_WAIT = 20.0
_LONGEST_NAME = 200


class Backend(Protocol):
    """Something that answers one call, once. Raises a HarnessError of models/failures, or what `asyncio` raises."""

    in_process: bool

    async def complete(self, call: Call) -> Reply:
        """The reply to one call, without retries."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class Memory(Protocol):
    """Replies that were given before."""

    name: str

    def recall(self, call: Call) -> tuple[Reply | None, str]:
        """The reply to an equal call, and why there is or isn't one; a strict memory raises where it has none."""
        ...

    def keep(self, call: Call, reply: Reply) -> None:
        """Remember a reply."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one attempt, seconds for a call with all its retries, and how many retries at most."""

    timeout: float = 60.0
    deadline: float = 180.0
    max_retries: int = 3


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What one call was, as the trace keeps it. `price` is None where it isn't known; `source` says who answered.

    `structured` is the way in which a usable answer was asked for, on the call that gave it.
    """

    model: str
    finish: str
    latency_ms: float
    attempts: int
    source: str = "model"
    why: str = ""
    request_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    estimated: bool = False
    price: float | None = None
    currency: str = ""
    retried: tuple[str, ...] = ()
    simulated: bool = False
    planted: tuple[str, ...] = ()
    structured: str = ""

    def to_json(self) -> dict[str, Json]:
        """The record without what it doesn't have; a price that isn't known stands as null."""
        fields = asdict(self).items()
        return {k: v for k, v in fields if k == "price" or not (v is None or v is False or v == () or v == "")}


@dataclass(slots=True)
class Ledger:
    """Totals over the calls of a run: how many were asked for, how many attempts were made, what became of them."""

    calls: int = 0
    attempts: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    failed_attempts: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    simulated: bool = False

    def add(self, record: Mapping[str, Json]) -> None:
        """Count a call that an earlier part of a run made, by its record in the journal."""
        self.calls += 1
        self.attempts += record.get("attempts", 0)
        self.sources[record.get("source", "model")] += 1
        self.models[record["model"]] += 1
        self.failed_attempts.update(record.get("retried", ()))
        self.simulated |= bool(record.get("simulated"))
        if record.get("structured"):
            self.forms[record["structured"]] += 1

    def to_json(self) -> dict[str, Json]:
        """For metrics.json: `run.calls`."""
        return {
            "calls": self.calls,
            "attempts": self.attempts,
            "answered_by": dict(self.sources),
            "failed_attempts": dict(self.failed_attempts),
            "structured_output": dict(self.forms),
            "models": dict(self.models),
        }


class Gateway:
    """Completes calls of one model. `memories` are asked in turn before the model and told of what it says."""

    def __init__(
        self,
        backend: Backend,
        *,
        model: str,
        prices: Prices,
        limits: Limits | None = None,
        memories: tuple[Memory, ...] = (),
        parameters: Mapping[str, Json] | None = None,
    ) -> None:
        self._backend, self.model, self._prices = backend, model, prices
        self._limits, self._memories = limits or Limits(), memories
        self.parameters = dict(parameters or {})
        self.ledger = Ledger()

    async def complete(self, call: Call) -> tuple[Reply, CallRecord]:
        """The reply to a call and its record.

        Raises InfrastructureError after the last attempt or at the deadline, ModelFailed where the service says that
        the model can't answer, UsageError for a key or a name that it refuses, Unsupported for a form.
        """
        self.ledger.calls += 1
        begun, reasons = time.perf_counter(), []
        for memory in self._memories:
            reply, reason = memory.recall(call)
            if reply is not None:
                return reply, self._record(reply, begun, source=memory.name, why=reason)
            reasons.append(f"{memory.name}: {reason}" if reason else "")
        attempt = _Attempts(self._backend, self._limits, self.ledger)
        reply = _sound(await attempt.run(call))
        for memory in self._memories:
            memory.keep(call, reply)
        why = "; ".join(filter(None, reasons))
        return reply, self._record(reply, begun, attempts=attempt.made, retried=tuple(attempt.failed), why=why)

    async def aclose(self) -> None:
        """Let go of connections and files."""
        for memory in self._memories:
            memory.close()
        await self._backend.aclose()

    def _record(
        self,
        reply: Reply,
        begun: float,
        *,
        attempts: int = 0,
        source: str = "model",
        why: str,
        retried: tuple[str, ...] = (),
    ) -> CallRecord:
        self.ledger.sources[source] += 1
        self.ledger.models[reply.model or self.model] += 1
        self.ledger.simulated |= reply.simulated
        free = self._backend.in_process or source != "model"
        return CallRecord(
            model=reply.model or self.model,
            finish=reply.finish,
            latency_ms=round((time.perf_counter() - begun) * 1000, 3),
            attempts=attempts,
            source=source,
            why=why,
            request_id=reply.request_id,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            cached_tokens=reply.cached_tokens,
            estimated=reply.estimated,
            price=0.0 if free else self._prices.of(self.model, reply),
            currency=self._prices.currency,
            retried=retried,
            simulated=reply.simulated,
            planted=reply.planted,
        )


class _Attempts:
    """One call with its retries, within its deadline."""

    def __init__(self, backend: Backend, limits: Limits, ledger: Ledger) -> None:
        self._backend, self._limits, self._ledger = backend, limits, ledger
        self.made, self.failed = 0, list[str]()
        self._ends = time.monotonic() + limits.deadline

    async def run(self, call: Call) -> Reply:
        """The first reply that comes; the last failure where none does."""
        if self._limits.max_retries == 0:
            return await self._once(call)
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_before_delay

        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_another),
            stop=stop_after_attempt(self._limits.max_retries + 1) | stop_before_delay(self._limits.deadline),
            wait=_wait,
            reraise=True,
        )
        reply: Reply = await retrying(self._once, call)
        return reply

    async def _once(self, call: Call) -> Reply:
        self.made += 1
        self._ledger.attempts += 1
        seconds = max(min(self._limits.timeout, self._ends - time.monotonic()), 0.001)
        try:
            async with asyncio.timeout(seconds):
                return await self._backend.complete(call)
        except TimeoutError:
            error = InfrastructureError("timeout", f"no answer within {seconds:.3g} s")
            self._count(error.kind)
            raise self._told(error) from None
        except InfrastructureError as error:
            self._count(error.kind)
            raise self._told(error) from error

    def _count(self, kind: str) -> None:
        self.failed.append(kind)
        self._ledger.failed_attempts[kind] += 1

    def _told(self, error: InfrastructureError) -> InfrastructureError:
        if self.made == 1:
            return error
        return InfrastructureError(error.kind, f"{error.message} (attempt {self.made})", retry_after=error.retry_after)


def _worth_another(error: BaseException) -> bool:
    return isinstance(error, InfrastructureError) and error.kind in RETRYABLE


def _wait(state: "RetryCallState") -> float:
    """Seconds before the next attempt: full jitter below 0.5, 1, 2, … s, and never less than the service asks for."""
    from tenacity import wait_random_exponential

    jitter = wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)(state)
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, InfrastructureError) else None
    return max(jitter, asked or 0.0)


def _sound(reply: Reply) -> Reply:
    """A reply that every file can hold: no lone surrogates or NUL, and no longer than MAX_CHARS."""
    size = len(reply.text) + sum(len(call.arguments) for call in reply.tool_calls)
    if size > MAX_CHARS:
        cut = reply.text[:MAX_CHARS]
        reply = replace(reply, text=cut, tool_calls=(), finish="length", logprobs=None, native=None)
    text = holdable(reply.text)
    calls = tuple(ToolCall(*map(holdable, (call.id, call.name, call.arguments))) for call in reply.tool_calls)
    sound = replace(
        reply,
        text=text,
        tool_calls=calls,
        refusal=holdable(reply.refusal) if reply.refusal else None,
        model=holdable(reply.model)[:_LONGEST_NAME],
        request_id=holdable(reply.request_id)[:_LONGEST_NAME] if reply.request_id else None,
        native=reply.native if (text, calls) == (reply.text, reply.tool_calls) else None,
    )
    return reply if sound == reply else sound
