"""`harness stub-server`: an OpenAI-compatible server on loopback, for any client that can be given a base URL."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click

_READY = "serving {model} at {url}"
_HOW = """\
  point a client at it:  export OPENAI_BASE_URL={url} OPENAI_API_KEY=stub
  models a request can name:  {names}; any other name is answered by {model}
  what was asked:  {root}/_stub/calls    it ends with Ctrl-C"""


@click.command("stub-server")
@click.option(
    "--model", default="reader", metavar="ID", show_default=True, help="reader, persona:NAME, or a persona's file."
)
@click.option("--answers", type=click.Path(path_type=Path), metavar="SUITE", help="Answer key for personas: a suite.")
@click.option("--faults", type=click.Path(path_type=Path), metavar="FILE", help="Faults to plant, by rate or script.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8399, show_default=True, metavar="N", help="0 takes a free one."
)
def stub_server(model: str, answers: Path | None, faults: Path | None, port: int) -> None:
    """Serve the reader or a persona over the OpenAI protocol, on this machine only.

    Chat and legacy completions, responses, embeddings and models. A request's model may name `reader` or any `persona:NAME`.
    """
    from harness.build.stub import stub_server as build

    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    server = build(model, answers=answers, faults=faults, port=port)
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with server:
            root = server.url.removesuffix("/v1")
            click.echo(_READY.format(model=model, url=server.url))
            click.echo(_HOW.format(url=server.url, root=root, model=model, names="reader, persona:NAME"), err=True)
            while server.running and not ended.wait(1.0):
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
