"""Answers on their way to a client: whole or cut, at once or slowly, and connections that are hung up on."""

import asyncio
from asyncio import Future, Transport
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.models.stub.errors import ApiError

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Header = tuple[bytes, bytes]

LARGEST_BODY = 16 * 2**20
TRANSPORT = "transport"
"""Where a request's scope keeps its connection, in `state`."""
JSON, HTML, EVENTS = b"application/json", b"text/html; charset=utf-8", b"text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. A `body` of several parts is a stream; `ending` says how much of it arrives.

    Nothing is sent for `wait_ms`, and `gap_ms` pass between the parts of a stream.
    """

    status: int
    body: bytes | Sequence[bytes]
    kind: bytes = JSON
    headers: tuple[Header, ...] = ()
    wait_ms: float = 0.0
    gap_ms: float = 0.0
    ending: Literal["whole", "middle", "never"] = "whole"


class Pauses:
    """The pauses that are under way in a server, so that it can end them when it closes; for its own loop only."""

    def __init__(self) -> None:
        self._under_way: set[Future[None]] = set()
        self._closed = False

    def enter(self) -> Future[None]:
        """Begin one: what is returned is done when the server closes."""
        stopped: Future[None] = asyncio.get_running_loop().create_future()
        self._under_way.add(stopped)
        if self._closed:
            stopped.set_result(None)
        return stopped

    def leave(self, stopped: Future[None]) -> None:
        """End one."""
        self._under_way.discard(stopped)
        stopped.cancel()

    def close(self) -> None:
        """End all of them, and each that is still to come at once."""
        self._closed = True
        for stopped in self._under_way:
            if not stopped.done():
                stopped.set_result(None)


class Line:
    """One request's connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, pauses: Pauses) -> None:
        self._transport: Transport = scope["state"][TRANSPORT]
        self._receive, self._send, self._pauses = receive, send, pauses

    async def read(self) -> bytes | None:
        """The request's body; None where the client has gone, ApiError (413) where it is too large."""
        parts, size, more = [], 0, True
        while more:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                return None
            parts.append(event["body"])
            size += len(parts[-1])
            more = event["more_body"]
            if size > LARGEST_BODY:
                message = f"The request's body is larger than {LARGEST_BODY} bytes."
                raise ApiError(413, message, code="request_too_large")
        return b"".join(parts)

    async def pause(self, seconds: float) -> bool:
        """Whether that time went by with the client still there and the server open."""
        stopped = self._pauses.enter()
        gone = asyncio.ensure_future(self._gone())
        try:
            done, _ = await asyncio.wait({stopped, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return not done
        finally:
            self._pauses.leave(stopped)
            gone.cancel()
            await asyncio.wait({gone})

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def abort(self) -> None:
        """Close the connection, whatever is still to be sent."""
        self._transport.abort()

    async def hang_up(self) -> None:
        """Close the connection without another word, but for those that are on their way."""
        self._transport.close()
        await self._gone()

    async def send(self, answer: Answer) -> None:
        """Send an answer; what it says of waiting before it is the caller's to do."""
        if answer.ending == "never":
            return await self.hang_up()
        if isinstance(answer.body, bytes):
            return await self._send_whole(answer, answer.body)
        await self._start(answer)
        parts = answer.body if answer.ending == "whole" else answer.body[: len(answer.body) // 2]
        if not answer.gap_ms:
            await self._send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})
        else:
            for part in parts:
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
                if not await self.pause(answer.gap_ms / 1000):
                    return await self.hang_up()
        if answer.ending == "middle":
            return await self.hang_up()
        await self._send({"type": "http.response.body", "body": b""})

    async def _send_whole(self, answer: Answer, body: bytes) -> None:
        await self._start(answer, (b"content-length", b"%d" % len(body)))
        if answer.ending == "middle":
            await self._send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return await self.hang_up()
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, answer: Answer, *more: Header) -> None:
        headers = [(b"content-type", answer.kind), *answer.headers, *more]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
