"""What the API's endpoints answer: an engine's reply, with the planted fault in it, as a body or a stream."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.core.types import Json
from harness.embeddings import Embedder
from harness.models.calls import Call, Reply
from harness.models.faults import Fault
from harness.models.improvise import improvise
from harness.models.stub.answers import AnswerBook
from harness.models.stub.chat import parse_chat
from harness.models.stub.checks import bool_at
from harness.models.stub.completions import Head, chat_body, chat_chunks
from harness.models.stub.embeddings import embeddings_body
from harness.models.stub.engines import Engines
from harness.models.stub.errors import ApiError
from harness.models.stub.ledger import Asked
from harness.models.stub.legacy import legacy_body, legacy_chunks, parse_legacy
from harness.models.stub.planted import needs_reply, worsened
from harness.models.stub.responses import parse_responses, responses_body, responses_events
from harness.models.stub.script import OTHER_MODEL, FaultPlan, spoil
from harness.models.stub.trim import obey, trim
from harness.models.stub.wire import EVENTS, Answer, Header

T = TypeVar("T")
FINGERPRINT = "harness-stub"
_SAMPLE, _TRIAL, _DRAW = b"x-harness-sample", b"x-harness-trial", b"x-harness-draw"
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Channel:
    """What a request's headers say to the harness, and no model sees."""

    sample: str = ""
    trial: int = 0
    draw: int = 0

    @classmethod
    def of(cls, headers: Iterable[Header]) -> "Channel":
        """Read the headers; ApiError (400) for a number that is none."""
        found = {name: value.decode("utf-8", "replace") for name, value in headers if name.startswith(b"x-harness-")}
        if not found:
            return _NO_CHANNEL
        sample = _ESCAPED.sub(_unescaped, found.get(_SAMPLE, ""))
        return cls(sample, _number(found, _TRIAL), _number(found, _DRAW))


_NO_CHANNEL = Channel()


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2] or match[3], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _number(found: Mapping[bytes, str], name: bytes) -> int:
    text = found.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        header = name.decode()
        raise ApiError(
            400, f"Invalid header '{header}': expected a number from 0, but got '{text[:40]}'.", param=header
        )
    return int(text)


@dataclass(slots=True)
class Inquiry:
    """One request on its way; `fault` is what has to be planted in its answer."""

    id: str
    body: Mapping[str, Json]
    channel: Channel
    asked: Asked
    plan: FaultPlan
    fault: Fault | None = None

    @property
    def spoilt(self) -> str:
        """The name of the fault; empty where there is none."""
        return self.fault.kind.name if self.fault else ""


class Service:
    """The endpoints. Engines answer one at a time, in a thread of their own, so that the server never stands still."""

    def __init__(self, *, engines: Engines, embedder: Callable[[], Embedder], book: AnswerBook | None) -> None:
        self.engines, self._embedder, self._book = engines, embedder, book
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="stub-engine")

    def close(self) -> None:
        """Take no more calls; the one that is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def chat(self, inquiry: Inquiry) -> Answer:
        """POST /chat/completions."""
        request = parse_chat(inquiry.body)
        call = self._about(request.call, inquiry)
        calls = [call if not n else replace(call, draw=call.draw + n) for n in range(request.choices)]
        stop, most = request.stop, request.max_tokens
        replies = await self._aside(lambda: [self._reply(one, inquiry, stop=stop, max_tokens=most) for one in calls])
        head = self._head(f"chatcmpl-{inquiry.id}", call, replies, inquiry)
        shown = [] if inquiry.spoilt == "empty_choices" else replies
        top = request.top_logprobs
        if request.stream:
            chunks = chat_chunks(shown, head, top_logprobs=top, include_usage=request.include_usage)
            answer = _streamed(chunks)
        else:
            answer = Answer(200, encode(chat_body(shown, head, top_logprobs=top)))
        return _finished(answer, replies, inquiry)

    async def legacy(self, inquiry: Inquiry) -> Answer:
        """POST /completions: a chat of one message for each prompt."""
        request = parse_legacy(inquiry.body)
        about = [self._about(call, inquiry) for call in request.calls]
        each, stop, most = request.choices, request.stop, request.max_tokens
        calls = [replace(call, draw=call.draw + n) for call in about for n in range(each)]
        replies = await self._aside(lambda: [self._reply(one, inquiry, stop=stop, max_tokens=most) for one in calls])
        head = self._head(f"cmpl-{inquiry.id}", about[0], replies, inquiry)
        usage, empty = request.include_usage, inquiry.spoilt == "empty_choices"
        if request.stream:
            answer = _streamed(legacy_chunks(replies, head, choices=each, include_usage=usage, empty=empty))
        else:
            top = request.top_logprobs
            body = legacy_body(replies, head, choices=each, top_logprobs=top, empty=empty)
            answer = Answer(200, encode(body))
        return _finished(answer, replies, inquiry)

    async def responses(self, inquiry: Inquiry) -> Answer:
        """POST /responses. What is a fingerprint elsewhere stands under `harness` in its metadata."""
        call = self._about(parse_responses(inquiry.body), inquiry)
        most = call.parameters.get("max_tokens")
        reply = await self._aside(lambda: self._reply(call, inquiry, max_tokens=most))
        metadata = {**(call.parameters.get("metadata") or {}), "harness": self._fingerprint(call, [reply])}
        parameters = {**call.parameters, "metadata": metadata}
        shown = replace(call, model=_shown_model(call, [reply], inquiry), parameters=parameters)
        id, created, empty = f"resp_{inquiry.id}", int(time.time()), inquiry.spoilt == "empty_choices"
        if bool_at(inquiry.body, "stream"):
            events = responses_events(reply, shown, id=id, created=created)
            parts = [
                _event(name, _emptied(data) if empty else data)
                for name, data in events
                if not empty or "response" in data
            ]
            answer = Answer(200, parts, EVENTS)
        else:
            body = responses_body(reply, shown, id=id, created=created)
            answer = Answer(200, encode({**body, "output": []} if empty else body))
        return _finished(answer, [reply], inquiry)

    async def embeddings(self, inquiry: Inquiry) -> Answer:
        """POST /embeddings. Of the faults in a reply, it has `empty_choices`, `wrong_model` and `slow`."""
        given = inquiry.body.get("input")
        inquiry.asked.messages = len(given) if isinstance(given, list) else 1
        body = await self._aside(lambda: embeddings_body(inquiry.body, self._embedder().embed))
        if inquiry.spoilt == "empty_choices":
            body = {**body, "data": []}
        elif inquiry.spoilt == "wrong_model":
            body = {**body, "model": OTHER_MODEL}
        return worsened(Answer(200, encode(body)), inquiry.fault, inquiry.plan, replies=())

    async def _aside(self, work: Callable[[], T]) -> T:
        """What `work` comes to in the engines' thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _head(self, id: str, call: Call, replies: Sequence[Reply], inquiry: Inquiry) -> Head:
        return Head(
            id=id,
            created=int(time.time()),
            model=_shown_model(call, replies, inquiry),
            fingerprint=self._fingerprint(call, replies),
        )

    def _fingerprint(self, call: Call, replies: Sequence[Reply]) -> str:
        """Which engine answered, and whether it only makes as if."""
        simulated = ":simulated" if any(reply.simulated for reply in replies) else ""
        return f"{FINGERPRINT}:{self.engines.get(call.model).name}{simulated}"

    def _about(self, call: Call, inquiry: Inquiry) -> Call:
        """The call with its sample: the one that a header names, or the metadata, or its own text."""
        channel, metadata = inquiry.channel, inquiry.body.get("metadata")
        sample = channel.sample
        if not sample and isinstance(metadata, dict):
            sample = str(metadata.get("sample_id") or "")
        if not sample and self._book is not None:
            sample = self._book.find(call)
        asked = inquiry.asked
        asked.sample, asked.trial, asked.messages = sample, channel.trial, len(call.messages)
        return replace(call, sample=sample, trial=channel.trial, draw=channel.draw)

    def _reply(self, call: Call, inquiry: Inquiry, *, stop: tuple[str, ...] = (), max_tokens: int | None) -> Reply:
        """An engine's reply as the client gets it. Raises Fault for one that stands in an answer's place."""
        engine = self.engines.get(call.model)
        try:
            reply = obey(engine.answer(call), call, name=engine.name)
        except Fault as fault:
            inquiry.fault, inquiry.asked.fault = fault, fault.kind.name
            if not needs_reply(fault):
                raise
            reply = improvise(call, name=engine.name)
        return spoil(trim(reply, stop=stop, max_tokens=max_tokens), inquiry.spoilt)


def encode(value: Json) -> bytes:
    """JSON, in ASCII: what isn't, lone surrogates too, is escaped."""
    return _ENCODE(value).encode("ascii")


def _streamed(chunks: Iterable[Mapping[str, Json]]) -> Answer:
    """Chunks as the events of a stream, with its end."""
    return Answer(200, (*(b"data: " + encode(chunk) + b"\n\n" for chunk in chunks), _DONE), EVENTS)


def _event(name: str, data: Mapping[str, Json]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode(data))


def _emptied(data: Mapping[str, Json]) -> dict[str, Json]:
    return {**data, "response": {**data["response"], "output": []}}


def _shown_model(call: Call, replies: Sequence[Reply], inquiry: Inquiry) -> str:
    """The model that was asked for, unless another is planted, by the server or by the engine."""
    other = inquiry.spoilt == "wrong_model" or any("wrong_model" in reply.planted for reply in replies)
    return OTHER_MODEL if other else call.model


def _finished(answer: Answer, replies: Sequence[Reply], inquiry: Inquiry) -> Answer:
    """The answer with the time that it takes, and whatever is planted in the way it arrives."""
    waits = replace(answer, wait_ms=max(reply.delay_ms for reply in replies))
    return worsened(waits, inquiry.fault, inquiry.plan, replies=replies)
