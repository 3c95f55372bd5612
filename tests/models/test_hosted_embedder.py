"""Embeddings of a server that speaks the OpenAI protocol, against the stub server."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from harness.build.embedders import embedder_of
from harness.core.errors import InfrastructureError, UsageError
from harness.embeddings import HashingEmbedder
from harness.evaluation.suite import Retrieval
from harness.models.embedder import HostedEmbedder
from harness.models.reader import Reader
from harness.models.stub.server import StubServer

NAME = "openai-compatible/embed-small"


@pytest.fixture
def server() -> Iterator[StubServer]:
    reader = Reader(embedder=HashingEmbedder())
    with StubServer(engine_of=lambda name: reader) as running:
        yield running


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_COMPATIBLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def hosted(
    name: str = NAME, *, url: str | None, key: str | None = None, dimensions: int | None = None
) -> HostedEmbedder:
    return HostedEmbedder(name, base_url=url, api_key=key, dimensions=dimensions)


def asked(server: StubServer) -> list[dict[str, Any]]:
    return [call for call in server.calls() if "embeddings" in json.dumps(call)]


def test_vectors_are_those_of_the_server(server: StubServer) -> None:
    embedder = hosted(url=server.url)
    texts = ["a refund", "", "a party", "an umlaut: ü \ud800"]
    assert embedder.dim == 1024
    assert np.allclose(embedder.embed(texts), HashingEmbedder().embed([*texts[:3], "an umlaut: ü ?"]), atol=1e-6)
    assert embedder.name == f"openai-compatible/embed-small@{server.url}-1024"
    assert embedder.embed([]).shape == (0, 1024)


def test_many_texts_go_in_batches_and_keep_their_order(server: StubServer) -> None:
    embedder = hosted(url=server.url)
    server.clear()
    texts = [f"text {n}" for n in range(300)]
    assert np.allclose(embedder.embed(texts), HashingEmbedder().embed(texts), atol=1e-6)
    assert len(server.calls()) == 3


def test_dimensions_are_asked_for(server: StubServer) -> None:
    embedder = hosted(url=server.url, dimensions=64)
    assert embedder.embed(["a refund"]).shape == (1, 64)
    assert embedder.name.endswith("-64")
    with pytest.raises(UsageError, match="retrieval.embeddings: .*dimensions"):
        hosted(url=server.url, dimensions=4096).embed(["x"])


@pytest.mark.parametrize("fault", ["rate_limit", "server_error"])
def test_a_failure_that_passes_is_tried_again(server: StubServer, fault: str) -> None:
    embedder = hosted(url=server.url)
    server.set_faults({"script": [{"fault": fault}, "ok"]})
    assert embedder.embed(["a refund"]).shape == (1, 1024)


def test_a_failure_that_stays_is_the_infrastructures(server: StubServer) -> None:
    embedder = hosted(url=server.url)
    server.set_faults({"seed": 1, "rates": {"server_error": 1.0}})
    server.clear()
    with pytest.raises(InfrastructureError, match="server_error"):
        embedder.embed(["a refund"])
    assert len(server.calls()) == 4


def test_a_key_that_is_refused_is_a_usage_error_without_the_key(
    server: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret-key")
    embedder = hosted(url=server.url, key="env:MY_KEY")
    server.set_faults({"seed": 1, "rates": {"authentication": 1.0}})
    with pytest.raises(UsageError, match="retrieval.embeddings: .*the provider refuses the key") as caught:
        embedder.embed(["a refund"])
    assert "very-secret" not in str(caught.value)


def test_openai_goes_where_its_variable_says_with_its_key(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "stub")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert hosted("openai/text-embedding-3-small", url=None).embed(["x"]).shape == (1, 1024)


def test_openai_itself_is_not_asked_for_its_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "stub")
    opened: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *args: opened.append(args))
    embedder = hosted("openai/text-embedding-3-large", url=None)
    assert (embedder.name, embedder.dim, opened) == ("openai/text-embedding-3-large-3072", 3072, [])


@pytest.mark.parametrize(
    ("name", "url", "what"),
    [
        ("openai/text-embedding-3-small", None, "no API key; export OPENAI_API_KEY="),
        ("openai/", None, "names no model"),
        (NAME, None, "needs a base_url; set retrieval.base_url"),
        (NAME, "127.0.0.1:1", "is no http"),
    ],
)
def test_what_is_missing_is_told_before_anybody_is_contacted(name: str, url: str | None, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        hosted(name, url=url)


def test_a_server_that_is_not_there_is_a_connection_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.models.embedder._ATTEMPTS", 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(InfrastructureError, match="connection"):
        hosted(url=f"http://127.0.0.1:{port}/v1")


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"index": 0, "embedding": [1.0]}] * 2,
        [{"index": 3, "embedding": [1.0]}],
        [{"index": 0, "embedding": ["x"]}],
    ],
)
def test_an_answer_with_other_vectors_than_were_asked_for_is_refused(
    data: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.models.embedder._ATTEMPTS", 1)

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps(
                {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
            )
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Odd) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            with pytest.raises(InfrastructureError, match="can't be read"):
                hosted(url=f"http://127.0.0.1:{listening.server_port}/v1")
        finally:
            listening.shutdown()
            thread.join()


def test_a_suite_names_it_and_its_vectors_are_kept(server: StubServer, tmp_path: Path) -> None:
    settings = Retrieval.model_validate({"embeddings": NAME, "base_url": server.url, "dimensions": 64})
    embedder = embedder_of(settings, folder=tmp_path, where="suite.yaml", cache_dir=tmp_path / "vectors")
    assert embedder is not None
    row = embedder.embed(["a refund"])
    server.clear()
    again = embedder_of(settings, folder=tmp_path, where="suite.yaml", cache_dir=tmp_path / "vectors")
    assert again is not None and np.array_equal(again.embed(["a refund"]), row)
    assert server.calls() == []
