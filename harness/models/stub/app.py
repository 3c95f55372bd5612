"""The ASGI application: routes, what is recorded of a request, and every error in the service's form."""

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import count
from secrets import token_hex

from harness.core.files import parse_json
from harness.core.types import Json
from harness.models.faults import Fault
from harness.models.stub.errors import ApiError, wrong_type
from harness.models.stub.ledger import Ledger
from harness.models.stub.planted import needs_reply, param_of, stand_in
from harness.models.stub.script import FaultPlan, Planter
from harness.models.stub.service import Channel, Inquiry, Service, encode
from harness.models.stub.wire import Answer, Header, Line, Pauses, Receive, Scope, Send

_API = "/v1"
_OWN = "/_stub/"
_NAMES = frozenset({"127.0.0.1", "localhost"})
_NO_FAULTS = FaultPlan()
_NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
)

_LIMITS: tuple[Header, ...] = (
    (b"openai-organization", b"harness-stub"),
    (b"openai-version", b"2020-10-01"),
    (b"x-ratelimit-limit-requests", b"10000"),
    (b"x-ratelimit-limit-tokens", b"2000000"),
    (b"x-ratelimit-remaining-tokens", b"1999999"),
    (b"x-ratelimit-reset-tokens", b"0s"),
)
_LEFT = ((b"x-ratelimit-remaining-requests", b"9999"), (b"x-ratelimit-reset-requests", b"6ms"))
_SPENT = ((b"x-ratelimit-remaining-requests", b"0"), (b"x-ratelimit-reset-requests", b"1s"))


class StubApp:
    """Serves one Service. The harness's own routes are below /_stub; the API's go with and without /v1."""

    def __init__(self, service: Service) -> None:
        self.service, self.ledger = service, Ledger()
        self._planter: Planter | None = None
        self._pauses = Pauses()
        self._numbers, self._tag = count(1), token_hex(8)
        self._posts: Mapping[str, Callable[[Inquiry], Awaitable[Answer]]] = {
            "/chat/completions": service.chat,
            "/completions": service.legacy,
            "/responses": service.responses,
            "/embeddings": service.embeddings,
        }

    def set_faults(self, plan: FaultPlan | None) -> None:
        """Plant these faults from the next call on; a script begins anew."""
        self._planter = None if plan is None else Planter(plan)

    def close(self) -> None:
        """End what hangs or waits; to be called from the server's own loop."""
        self._pauses.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun, number = time.perf_counter(), f"{self._tag}{next(self._numbers):08x}"
        line = Line(scope, receive, send, self._pauses)
        path = str(scope["path"])
        short = path.removeprefix(_API) if path.startswith(f"{_API}/") else path
        if short in self._posts and scope["method"] == "POST":
            await self._post(short, scope, line, number, begun=begun)
            return
        try:
            answer = Answer(200, encode(self._other(scope, path, short)))
        except ApiError as error:
            answer = _refused(error)
        except Exception as error:  # a client gets the service's form, whatever it is
            answer = _failed(error)
        await line.send(_headed(answer, number, begun))

    def _other(self, scope: Scope, path: str, short: str) -> Json:
        """The body for whatever isn't an endpoint that asks a model."""
        method = str(scope["method"])
        if short.startswith(_OWN):
            _refuse_strangers(scope)
            found = self._own(method, short)
            if found is not None:
                return found
        elif short == "/models" or short.startswith("/models/"):
            if method == "GET":
                engines, name = self.service.engines, short.removeprefix("/models").removeprefix("/")
                return engines.one_json(name) if name else engines.list_json()
        elif short not in self._posts:
            raise ApiError(404, f"Invalid URL ({method} {path})")
        hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
        raise ApiError(405, f"Not allowed to {method} on {path}. {hint}", code="method_not_supported")

    def _own(self, method: str, path: str) -> Json:
        """The body of one of the harness's own routes; None for a wrong method."""
        match path.removeprefix(_OWN), method:
            case "calls", "GET":
                return self.ledger.to_json()
            case "calls", "POST" | "DELETE":
                self.ledger.clear()
                return {"cleared": True}
            case "health", "GET":
                return {"status": "ok", "models": list(self.service.engines.names)}
            case (("calls" | "health"), _):
                return None
        raise ApiError(404, f"Invalid URL ({method} {path})")

    async def _post(self, path: str, scope: Scope, line: Line, number: str, *, begun: float) -> None:
        """Read a request, answer it, and set down what became of it before its last byte is sent."""
        try:
            raw = await line.read()
        except ApiError as error:
            await line.send(_headed(_refused(error), number, begun))
            return
        if raw is None:
            return
        asked = self.ledger.add(at=time.time(), path=str(scope["path"]), body=raw)
        planter = self._planter
        plan = planter.plan if planter else _NO_FAULTS
        inquiry = Inquiry(number, {}, Channel(), asked, plan)
        try:
            answer = await self._answered(inquiry, raw, path, scope, planter)
        except Fault as fault:
            asked.fault = fault.kind.name
            answer = stand_in(fault, plan, error=_error_of(fault), stream=inquiry.body.get("stream") is True)
        except ApiError as error:
            answer = _refused(error)
        except asyncio.CancelledError:
            line.abort()  # the server closes, and won't wait for an engine any longer
            raise
        except Exception as error:  # whatever an engine raises, a client gets the service's form
            answer = _failed(error)
        if answer.wait_ms and not await line.pause(answer.wait_ms / 1000):
            answer = replace(answer, ending="never")
        asked.status = None if answer.ending == "never" else answer.status
        asked.ms = round((time.perf_counter() - begun) * 1000, 3)
        await line.send(_headed(answer, number, begun))
        if answer.gap_ms:
            asked.ms = round((time.perf_counter() - begun) * 1000, 3)

    async def _answered(self, inquiry: Inquiry, raw: bytes, path: str, scope: Scope, planter: Planter | None) -> Answer:
        """Plant the next fault, and ask the endpoint. Raises Fault, ApiError."""
        body = inquiry.body = _parsed(raw)
        inquiry.channel = channel = Channel.of(scope["headers"])
        if isinstance(body.get("model"), str):
            inquiry.asked.model = body["model"]
        inquiry.asked.sample, inquiry.asked.trial = channel.sample, channel.trial
        fault = planter.next(raw, repr(channel).encode()) if planter else None
        if fault is not None:
            inquiry.fault, inquiry.asked.fault = fault, fault.kind.name
            if not needs_reply(fault):
                raise fault
        return await self._posts[path](inquiry)


def _parsed(raw: bytes) -> dict[str, Json]:
    """The JSON object of a body; ApiError (400) where it is none, or no text that UTF-8 can carry."""
    try:
        body = parse_json(raw.decode())
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()  # lone surrogates, which no model takes
    except (ValueError, RecursionError):
        raise ApiError(400, _NOT_JSON) from None
    if not isinstance(body, dict):
        raise wrong_type("body", expected="an object", got=body)
    return body


def _refused(error: ApiError) -> Answer:
    return Answer(error.status, encode(error.body()))


def _failed(error: Exception) -> Answer:
    """The service's own 500; the traceback goes to the server's standard error and nowhere else."""
    traceback.print_exception(error, file=sys.stderr)
    return _refused(ApiError(500, "The server had an error while processing your request.", type="server_error"))


def _refuse_strangers(scope: Scope) -> None:
    """Keep what was asked from web pages: one that has its name point at this machine sends that name as the host."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if any(host.rpartition(":")[0] not in _NAMES and host not in _NAMES for host in hosts):
        raise ApiError(403, f"Only {' and '.join(sorted(_NAMES))} may ask for this.", code="forbidden_host")


def _error_of(fault: Fault) -> bytes:
    kind = fault.kind
    return encode(ApiError(kind.status, kind.message, type=kind.type, code=kind.code, param=param_of(fault)).body())


def _headed(answer: Answer, number: str, begun: float) -> Answer:
    """The answer with the headers that the service sends with all of them."""
    ms = b"%d" % ((time.perf_counter() - begun) * 1000)
    own = ((b"x-request-id", b"req_" + number.encode()), (b"openai-processing-ms", ms))
    limits = _SPENT if answer.status == 429 else _LEFT
    return replace(answer, headers=(*_LIMITS, *limits, *own, *answer.headers))
