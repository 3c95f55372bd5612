"""Faults as answers: what a real service, or what stands before it, sends or fails to send."""

import math
from collections.abc import Sequence
from dataclasses import replace

from harness.models.calls import Reply
from harness.models.faults import Fault
from harness.models.stub.script import FaultPlan
from harness.models.stub.tokens import split
from harness.models.stub.wire import EVENTS, HTML, Answer, Header

IN_REPLY = frozenset({"truncated_stream"})
"""Faults of the transport that need an answer to be planted in."""
_PARAMS = {"context_too_long": "messages"}
_NO_JSON = b'{"id": "chatcmpl-stub", "object": "chat.completion", "choices": [{"index": 0, "mess'
_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    "<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n"
)


def needs_reply(fault: Fault) -> bool:
    """Whether a fault changes an answer, and so needs one, rather than standing in its place."""
    return fault.kind.where == "reply" or fault.kind.name in IN_REPLY


def stand_in(fault: Fault, plan: FaultPlan, *, error: bytes, stream: bool) -> Answer:
    """What is sent instead of an answer; `error` is the body of a status fault."""
    kind = fault.kind
    match kind.name:
        case "bad_gateway":
            return Answer(kind.status, _PAGE.format(title="502 Bad Gateway").encode(), HTML)
        case "timeout":
            return Answer(0, b"", ending="never", wait_ms=plan.hang_seconds * 1000)
        case "dropped":
            return Answer(0, b"", ending="never")
        case "html":
            return Answer(200, _PAGE.format(title="Welcome").encode(), HTML)
        case "bad_body" if stream:
            return Answer(200, (b"data: " + _NO_JSON + b"\n\n",), EVENTS)
        case "bad_body":
            return Answer(200, _NO_JSON)
    return Answer(kind.status, error, headers=tuple(_retry_headers(fault.retry_after)))


def param_of(fault: Fault) -> str | None:
    """The part of the request that a status fault names."""
    return _PARAMS.get(fault.kind.name)


def _retry_headers(seconds: float | None) -> Sequence[Header]:
    """`retry-after` takes whole seconds; `retry-after-ms` is what the service's own clients look at first."""
    if seconds is None:
        return ()
    return (b"retry-after", b"%d" % math.ceil(seconds)), (b"retry-after-ms", b"%d" % round(seconds * 1000))


def worsened(answer: Answer, fault: Fault | None, plan: FaultPlan, *, replies: Sequence[Reply]) -> Answer:
    """An answer cut in the middle, or slow, where that is planted; `replies` are what it is made of."""
    slow = plan.slow
    match fault.kind.name if fault else "":
        case "truncated_stream":
            return replace(answer, ending="middle")
        case "slow" if isinstance(answer.body, bytes):
            tokens = sum(_tokens(reply) for reply in replies)
            return replace(answer, wait_ms=answer.wait_ms + slow.first_ms + slow.per_token_ms * tokens)
        case "slow":
            return replace(answer, wait_ms=answer.wait_ms + slow.first_ms, gap_ms=slow.per_token_ms)
    return answer


def _tokens(reply: Reply) -> int:
    return len(split(reply.text)) + sum(len(split(call.arguments)) for call in reply.tool_calls)
