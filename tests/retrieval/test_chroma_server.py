"""Vectors kept by a Chroma server: a real one on this machine, one that is down, and one that doesn't answer."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.errors import InfrastructureError, UsageError
from harness.embeddings import HashingEmbedder
from harness.retrieval import Index, Retriever, check_index, chroma, open_index

from .corpora import corpus, incident, small_corpus

OF = small_corpus()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`chroma run`, which ends with the test."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = Path(sys.executable).with_name("chroma")
        self._process = subprocess.Popen(
            [command, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("chroma run didn't start")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("chroma"))
    yield running
    running.stop()


def opened(home: Path, url: str | None, *, rebuild: bool = False) -> Index:
    return open_index(OF, embedder=HashingEmbedder(), home=home, chroma_url=url, rebuild=rebuild)


def found(index: Index) -> list[tuple[str, float]]:
    """What a search finds; the index is let go of."""
    try:
        answer = Retriever(index, OF).retrieve("bank transfer", as_of=None, policies=3, incidents=3)
        return [(one.id, round(one.score, 4)) for one in answer]
    finally:
        index.tidy()


def test_a_server_finds_what_files_find(tmp_path: Path, server: Server) -> None:
    local, remote = opened(tmp_path / "a", None), opened(tmp_path / "b", server.url)
    assert remote.manifest.vectors == "" and not list(remote.folder.glob("vectors*"))
    assert found(remote) == found(local)
    assert check_index(OF, embedder=HashingEmbedder(), home=tmp_path / "b", chroma_url=server.url) == []


def test_collections_are_named_by_content_shared_and_never_half_filled(tmp_path: Path, server: Server) -> None:
    first = opened(tmp_path / "a", server.url)
    expected = found(first)
    assert found(opened(tmp_path / "b", server.url)) == expected
    with chroma.server_client(server.url) as client:
        names = {collection.name for collection in client.list_collections()}
    content = first.manifest.content[:16]
    assert names >= {f"harness-{content}-policies", f"harness-{content}-incidents"}
    assert not any(name.count("-") > 2 for name in names)
    assert found(opened(tmp_path / "a", server.url, rebuild=True)) == expected


def test_what_was_deleted_from_the_server_is_found_out_and_mended_by_a_rebuild(tmp_path: Path, server: Server) -> None:
    index = opened(tmp_path, server.url)
    with chroma.server_client(server.url) as client:
        client.delete_collection(f"harness-{index.manifest.content[:16]}-incidents")
    with pytest.raises(UsageError, match="this index is damaged: .*`harness index --rebuild SUITE` makes it anew"):
        found(opened(tmp_path, server.url))
    assert found(opened(tmp_path, server.url, rebuild=True))


def test_a_proxy_of_the_environment_does_not_stand_before_this_machine(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert found(opened(tmp_path, server.url))


def test_a_server_that_is_down_is_one_line_and_leaves_no_index(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(
        UsageError, match=rf"retrieval.chroma: no Chroma server to use at {url}: .*; start it"
    ) as caught:
        opened(tmp_path, url)
    assert "\n" not in str(caught.value)
    assert not [path for path in (tmp_path / "index").iterdir()]


def test_a_server_that_goes_away_is_a_failure_of_the_infrastructure(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        index = opened(tmp_path, server.url)
        assert index.dense
    finally:
        server.stop()
    with pytest.raises(InfrastructureError, match="Chroma doesn't answer"):
        found(index)
    with pytest.raises(UsageError, match="no Chroma server to use"):
        found(opened(tmp_path, server.url))


def test_something_else_that_listens_there_is_no_chroma_server(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            with pytest.raises(UsageError, match="no Chroma server to use"):
                opened(tmp_path, f"http://127.0.0.1:{listening.server_port}")
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000",
        "ftp://a.example",
        "http://",
        "http://" + "user:pass@a.example",
        "http://a.example:99999",
        "http://a.example/?x=1",
        " http://a.example",
    ],
)
def test_what_is_no_url_of_a_server_is_a_usage_error_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"retrieval.chroma: .* is no URL of a Chroma server; e.g. http://127.0.0.1:8000"
    ) as caught:
        opened(tmp_path, url)
    assert "user:pass" not in str(caught.value)


def test_a_server_elsewhere_is_reached_through_the_environments_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UsageError, match="no Chroma server to use at http://chroma.invalid: .*refused"):
        opened(tmp_path, "http://chroma.invalid")


def test_an_index_of_files_is_another_than_one_of_a_server(tmp_path: Path, server: Server) -> None:
    of = corpus(incident("i", "x"))
    folders = {
        open_index(of, embedder=HashingEmbedder(), home=tmp_path, chroma_url=url).folder for url in (None, server.url)
    }
    assert len(folders) == 2
