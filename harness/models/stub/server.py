"""The stub server in a thread of its own, on loopback and nowhere else."""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from harness.core.errors import InfrastructureError, UsageError
from harness.core.types import Json
from harness.embeddings import Embedder, HashingEmbedder
from harness.models.calls import Engine
from harness.models.stub.answers import AnswerBook
from harness.models.stub.app import StubApp
from harness.models.stub.engines import Engines
from harness.models.stub.script import FaultPlan, load_faults
from harness.models.stub.service import Service
from harness.models.stub.wire import TRANSPORT

if TYPE_CHECKING:
    from uvicorn import Config, Server

HOST = "127.0.0.1"
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_KEEP_ALIVE_SECONDS = 75


class StubServer:
    """Speaks the OpenAI protocol at `url`, from `with` to the end of its block, or from `start` to `stop`.

    `engine_of` makes an engine of a name: the default `model`, and each of `names`, which a request may ask for.
    `port` 0 takes a free one. Embeddings come from hashing unless `embedder` makes another.
    """

    def __init__(
        self,
        *,
        engine_of: Callable[[str], Engine],
        model: str = "reader",
        names: Sequence[str] = (),
        book: AnswerBook | None = None,
        faults: FaultPlan | Path | str | Mapping[str, Json] | None = None,
        embedder: Callable[[], Embedder] = HashingEmbedder,
        port: int = 0,
    ) -> None:
        engines = Engines(engine_of, default=model, names=names)
        self._app = StubApp(Service(engines=engines, embedder=embedder, book=book))
        self._wanted, self._port = port, 0
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self.set_faults(faults)

    @property
    def url(self) -> str:
        """The base URL that clients are given: it ends with /v1."""
        return f"http://{HOST}:{self._port}/v1"

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._thread is not None and self._thread.is_alive()

    def calls(self) -> list[dict[str, Json]]:
        """What was asked, as /_stub/calls shows it."""
        return self._app.ledger.calls()

    def clear(self) -> None:
        """Forget what was asked."""
        self._app.ledger.clear()

    def set_faults(self, faults: FaultPlan | Path | str | Mapping[str, Json] | None) -> None:
        """Plant these faults from the next call on; None plants none. UsageError for what is no plan."""
        plan = faults if faults is None or isinstance(faults, FaultPlan) else load_faults(faults)
        self._app.set_faults(plan)

    def start(self) -> "StubServer":
        """Serve; UsageError where the port is taken."""
        listener = _listen(self._wanted)
        self._port = listener.getsockname()[1]
        ready = threading.Event()
        self._server = _server(self._app, ready)
        self._thread = threading.Thread(target=_run, args=(self._server, listener), name="stub-server", daemon=True)
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            self.stop()
            raise InfrastructureError("connection", f"the stub server didn't start within {_START_SECONDS:g} s")
        return self

    def stop(self) -> None:
        """End every answer that hangs, close, and wait for it."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_SECONDS)

    def __enter__(self) -> "StubServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        fix = "choose another with --port; 0 takes a free one"
        raise UsageError(f"port {port} can't be used: {error.strerror}", where="--port", fix=fix) from None
    listener.setblocking(False)
    return listener


def _run(server: "Server", listener: socket.socket) -> None:
    with contextlib.closing(listener):
        server.run([listener])


def _server(app: StubApp, ready: threading.Event) -> "Server":
    """A uvicorn server of `app` that says when it is ready and ends the app's waiting before it closes."""
    import uvicorn

    class Serving(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.close()
            await super().shutdown(sockets)
            app.service.close()

    return Serving(_config(app))


def _config(app: StubApp) -> "Config":
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Protocol(HttpToolsProtocol):
        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["state"][TRANSPORT] = self.transport

    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
