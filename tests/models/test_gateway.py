"""The gateway: deadlines, bounded retries, memories, what is recorded of a call, and replies that no file could hold."""

import asyncio
import time
from typing import Any

import pytest

from harness.core.errors import InfrastructureError, ProviderRefused
from harness.models.calls import Call, Reply, ToolCall
from harness.models.failures import ModelFailed
from harness.models.gateway import MAX_CHARS, CallRecord, Gateway, Ledger, Limits
from harness.models.prices import load_prices

CALL = Call(model="openai/gpt-4o-mini", messages=({"role": "user", "content": "hello"},))
BUSY = InfrastructureError("rate_limit", "busy")


class Answers:
    """A backend that gives its answers in turn: a reply, an exception to raise, or seconds to wait first."""

    def __init__(self, *answers: Any, in_process: bool = False) -> None:
        self.answers, self.in_process, self.asked, self.closed = list(answers), in_process, 0, False

    async def complete(self, call: Call) -> Reply:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return Reply(text="late")
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Reply)
        return answer

    async def aclose(self) -> None:
        self.closed = True


class Notes:
    """A memory of one reply."""

    name = "notes"

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply, self.kept, self.closed = reply, list[Reply](), False

    def recall(self, call: Call) -> tuple[Reply | None, str]:
        return self.reply, "as before" if self.reply else "never asked"

    def keep(self, call: Call, reply: Reply) -> None:
        self.kept.append(reply)

    def close(self) -> None:
        self.closed = True


def gateway(backend: Answers, memories: tuple[Notes, ...] = (), **limits: Any) -> Gateway:
    return Gateway(
        backend, model="openai/gpt-4o-mini", prices=load_prices(), limits=Limits(**limits), memories=memories
    )


async def test_a_call_is_recorded_with_what_it_took_and_cost() -> None:
    reply = Reply(
        text="hi", input_tokens=1_000_000, output_tokens=100_000, model="gpt-4o-mini-2024", request_id="req_1"
    )
    found, record = await gateway(Answers(reply)).complete(CALL)
    assert found is reply
    assert (record.model, record.request_id, record.attempts, record.source) == (
        "gpt-4o-mini-2024",
        "req_1",
        1,
        "model",
    )
    assert record.price == pytest.approx(0.15 + 0.06) and record.currency == "USD" and record.latency_ms >= 0
    assert record.to_json()["price"] == record.price and "planted" not in record.to_json()


async def test_a_price_that_is_not_known_is_null_and_in_process_costs_nothing() -> None:
    _, unknown = await Gateway(Answers(Reply()), model="openai/none", prices=load_prices()).complete(CALL)
    assert unknown.price is None and unknown.to_json()["price"] is None
    _, free = await gateway(Answers(Reply(), in_process=True)).complete(CALL)
    assert free.price == 0.0


async def test_a_failure_that_may_pass_is_tried_again_and_told() -> None:
    backend = Answers(BUSY, InfrastructureError("server_error", "500"), Reply(text="at last"))
    made = gateway(backend, max_retries=2)
    reply, record = await made.complete(CALL)
    assert (reply.text, record.attempts, record.retried) == ("at last", 3, ("rate_limit", "server_error"))
    assert made.ledger.to_json()["failed_attempts"] == {"rate_limit": 1, "server_error": 1}
    assert (made.ledger.calls, made.ledger.attempts) == (1, 3)


@pytest.mark.parametrize("retries", [0, 1, 2])
async def test_no_more_attempts_are_made_than_allowed(retries: int) -> None:
    backend = Answers(*[BUSY] * 9)
    with pytest.raises(InfrastructureError, match="busy") as caught:
        await gateway(backend, max_retries=retries).complete(CALL)
    assert backend.asked == retries + 1 and caught.value.kind == "rate_limit"
    assert ("attempt" in str(caught.value)) == (retries > 0)


@pytest.mark.parametrize(
    "error",
    [
        InfrastructureError("quota", "no credit"),
        InfrastructureError("bad_request", "what?"),
        ProviderRefused("no key"),
        ModelFailed("context_too_long", "8192"),
    ],
)
async def test_what_no_retry_mends_is_asked_once(error: Exception) -> None:
    backend = Answers(error, Reply())
    with pytest.raises(type(error)):
        await gateway(backend).complete(CALL)
    assert backend.asked == 1


async def test_an_attempt_that_never_ends_is_a_timeout() -> None:
    begun = time.monotonic()
    with pytest.raises(InfrastructureError, match=r"no answer within 0\.05 s") as caught:
        await gateway(Answers(60.0), timeout=0.05, max_retries=0).complete(CALL)
    assert caught.value.kind == "timeout" and time.monotonic() - begun < 5


async def test_the_deadline_ends_a_call_with_all_its_retries() -> None:
    begun = time.monotonic()
    with pytest.raises(InfrastructureError) as caught:
        await gateway(Answers(*[60.0] * 50), timeout=0.1, deadline=0.4, max_retries=20).complete(CALL)
    assert caught.value.kind == "timeout" and time.monotonic() - begun < 5


async def test_a_wait_that_the_service_asks_for_is_kept_within_the_deadline_and_never_slept_past_it() -> None:
    patient = Answers(InfrastructureError("rate_limit", "wait", retry_after=0.2), Reply())
    begun = time.monotonic()
    await gateway(patient).complete(CALL)
    assert time.monotonic() - begun >= 0.2
    begun = time.monotonic()
    backend = Answers(InfrastructureError("rate_limit", "wait", retry_after=120.0), Reply())
    with pytest.raises(InfrastructureError, match="wait"):
        await gateway(backend, deadline=1.0).complete(CALL)
    assert backend.asked == 1 and time.monotonic() - begun < 5


async def test_a_memory_answers_before_the_model_and_learns_what_it_says() -> None:
    known = Reply(text="known", input_tokens=5, output_tokens=5)
    backend = Answers(Reply(text="new"))
    made = gateway(backend, (Notes(known),))
    reply, record = await made.complete(CALL)
    assert (reply, record.source, record.why, record.attempts, record.price) == (known, "notes", "as before", 0, 0.0)
    assert backend.asked == 0 and made.ledger.sources == {"notes": 1}
    empty = Notes()
    reply, record = await gateway(backend, (empty,)).complete(CALL)
    assert empty.kept == [reply] and (record.source, record.why) == ("model", "notes: never asked")


async def test_a_reply_of_megabytes_is_cut_and_counts_as_truncated() -> None:
    reply, record = await gateway(Answers(Reply(text="x" * 2_000_000))).complete(CALL)
    assert len(reply.text) == MAX_CHARS and (reply.finish, record.finish) == ("length", "length")
    called = Reply(tool_calls=(ToolCall("c", "f", "y" * 2_000_000),))
    reply, _ = await gateway(Answers(called)).complete(CALL)
    assert reply.tool_calls == () and reply.finish == "length"


async def test_lone_surrogates_and_nul_are_replaced() -> None:
    reply, _ = await gateway(
        Answers(Reply(text="a\ud800b\0", tool_calls=(ToolCall("c", "f\0", '{"x": "\udfff"}'),)))
    ).complete(CALL)
    assert reply.text == "a\ufffdb\ufffd"
    assert reply.tool_calls[0] == ToolCall("c", "f\ufffd", '{"x": "\ufffd"}')
    reply.text.encode()


async def test_a_simulated_reply_marks_the_whole_run() -> None:
    made = gateway(Answers(Reply(), Reply(simulated=True), Reply()))
    for expected in (False, True, True):
        await made.complete(CALL)
        assert made.ledger.simulated is expected


async def test_closing_reaches_the_backend_and_the_memories() -> None:
    backend, notes = Answers(), Notes()
    await gateway(backend, (notes,)).aclose()
    assert backend.closed and notes.closed


def test_calls_of_an_earlier_part_of_a_run_are_counted_from_its_records() -> None:
    record = CallRecord(model="m", finish="stop", latency_ms=1.0, attempts=2, retried=("timeout",), simulated=True)
    ledger = Ledger()
    ledger.add(record.to_json())
    assert ledger.to_json() == {
        "calls": 1,
        "attempts": 2,
        "answered_by": {"model": 1},
        "failed_attempts": {"timeout": 1},
        "structured_output": {},
        "models": {"m": 1},
    }
    assert ledger.simulated
