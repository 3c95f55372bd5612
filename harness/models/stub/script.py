"""Which calls a fault is planted in, and what a fault of the reply makes of it."""

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from harness.core.files import Strict, load_yaml, suggest, validate
from harness.core.hashing import derive_seed
from harness.core.types import Json
from harness.models.calls import Reply
from harness.models.faults import FAULTS, Fault

OK = "ok"
OTHER_MODEL = "another-model"
"""Who answers where `wrong_model` is planted."""
_REFUSAL = "I'm sorry, but I can't help with that."
_MOST_BODIES = 100_000
_LARGEST = 2.0**64
_TOLERANCE = 1e-9
Rate = Annotated[float, Field(ge=0, le=1)]


def _known(name: str) -> str:
    if name not in FAULTS:
        raise ValueError(f"unknown fault, {suggest(name, list(FAULTS))}")
    return name


def _known_or_ok(name: str) -> str:
    return name if name == OK else _known(name)


def _as_step(value: Json) -> Json:
    return {"fault": value} if isinstance(value, str) else value


def _exclusive(rates: dict[str, float]) -> dict[str, float]:
    total = math.fsum(rates.values())
    if total > 1 + _TOLERANCE:
        raise ValueError(f"the rates exclude each other and sum to {total:g}, over 1")
    return rates


class Step(Strict):
    """What one call gets: `ok`, or a fault by its name. `retry_after` in seconds."""

    fault: Annotated[str, AfterValidator(_known_or_ok)]
    retry_after: float | None = Field(default=None, ge=0)


class Slowness(Strict):
    """How slowly the fault `slow` answers: milliseconds to the first token, and for each one after it."""

    first_ms: float = Field(default=200, ge=0)
    per_token_ms: float = Field(default=50, ge=0)


class FaultPlan(Strict):
    """The faults of a server. `script` goes by the order of calls and is used up first, then the rates hold."""

    seed: int = 0
    rates: Annotated[dict[Annotated[str, AfterValidator(_known)], Rate], AfterValidator(_exclusive)] = Field(
        default={}, description="share of calls, by fault"
    )
    script: tuple[Annotated[Step, BeforeValidator(_as_step, json_schema_input_type=str | Step)], ...] = ()
    repeat: bool = Field(default=False, description="begin the script again where it ends")
    retry_after: float | None = Field(default=None, ge=0, description="seconds, on a rate_limit by rate")
    hang_seconds: float = Field(default=600, gt=0, description="how long a timeout lasts")
    slow: Slowness = Slowness()


def load_faults(source: Path | str | Mapping[str, Json]) -> FaultPlan:
    """The plan in a YAML file, or in a mapping of the same form; UsageError with its line where it is wrong."""
    if isinstance(source, Path | str):
        return load_yaml(Path(source), FaultPlan, what="fault file")
    return validate(FaultPlan, dict(source), where=Path("faults"))


class Planter:
    """Goes through a plan, call by call; may be asked from several threads.

    What a rate draws depends on the plan's seed, on what was asked, and on how often that was asked before: not on the
    order of different calls. A retry draws anew.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._step = 0
        self._asked: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def next(self, *asked: bytes) -> Fault | None:
        """What the next call gets, where `asked` is its body and whatever else tells it apart; None for no fault."""
        plan = self.plan
        with self._lock:
            if plan.script and (plan.repeat or self._step < len(plan.script)):
                step = plan.script[self._step % len(plan.script)]
                self._step += 1
                return None if step.fault == OK else Fault(step.fault, retry_after=step.retry_after)
            if not plan.rates:
                return None
            key = blake2b(b"\0".join(asked), digest_size=16).digest()
            before = self._asked.pop(key, 0)
            self._asked[key] = before + 1
            if len(self._asked) > _MOST_BODIES:
                self._asked.popitem(last=False)
        return self._drawn(key, before)

    def _drawn(self, key: bytes, before: int) -> Fault | None:
        left = derive_seed("fault", self.plan.seed, key.hex(), before) / _LARGEST
        for name, rate in sorted(self.plan.rates.items()):
            left -= rate
            if left < 0:
                return Fault(name, retry_after=self.plan.retry_after if name == "rate_limit" else None)
        return None


def spoil(reply: Reply, name: str) -> Reply:
    """The reply with the fault `name` in it; itself where the fault isn't one of the reply's own content."""
    spoilt = replace(reply, logprobs=None, probabilities=None, planted=(*reply.planted, name))
    match name:
        case "malformed":
            return _rewritten(spoilt, _cut_json)
        case "wrong_schema":
            return _rewritten(spoilt, lambda _: json.dumps({"verdict": "none", "notes": ["of another form"]}))
        case "refusal":
            return replace(spoilt, text="", tool_calls=(), refusal=_REFUSAL, finish="stop")
        case "content_filter":
            return replace(spoilt, text="", tool_calls=(), finish="content_filter")
        case "truncated":
            return replace(_rewritten(spoilt, lambda text: text[: len(text) // 2]), finish="length")
    return reply


def _rewritten(reply: Reply, change: Callable[[str], str]) -> Reply:
    calls = tuple(replace(call, arguments=change(call.arguments)) for call in reply.tool_calls)
    return replace(reply, text=change(reply.text) if reply.text or not calls else "", tool_calls=calls)


def _cut_json(text: str) -> str:
    """JSON that begins and never ends, whatever the text is."""
    begun = text.strip() if _is_object(text) else f'{{"answer": {json.dumps(text)}}}'
    return begun[: max(len(begun) // 2, 1)]


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
