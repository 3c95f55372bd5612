"""Models: what the gateway adds to a call, in process and over HTTP, and how many answers the stub server gives."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from harness.models.calls import Call, Reply
from harness.models.gateway import Gateway, Limits
from harness.models.offline import Offline
from harness.models.prices import load_prices
from tests.benchmarks.figures import Figure

_ROOT = Path(__file__).resolve().parents[2]
_SUITE = _ROOT / "eval_sets/triage/suite.yaml"
_CASSETTE = _ROOT / "eval_sets/smoke/cassette.jsonl"
_IN_PROCESS, _HTTP, _STUB = 2_000, 300, 2_000
_CONNECTIONS = 4


def measure() -> Iterator[Figure]:
    """In process against the bare engine, over HTTP against the bare client, and the server against the clock."""
    yield from _in_process()
    with _server("persona:perfect") as port:
        yield from _over_http(port)
        yield from _served(port)


class _Instant:
    """An engine that takes no time."""

    name = "instant"

    def answer(self, call: Call) -> Reply:
        return Reply(text="{}", input_tokens=1000, output_tokens=200, model="instant")


def _prompts() -> list[list[dict[str, Any]]]:
    """The messages of real triage calls."""
    rows = [json.loads(line) for line in _CASSETTE.read_text(encoding="utf-8").splitlines()]
    return [row["messages"] for row in rows if "messages" in row]


def _calls() -> list[Call]:
    return [Call(model="openai-compatible/x", messages=tuple(messages)) for messages in _prompts()]


def _gateway(backend: Any) -> Gateway:
    return Gateway(backend, model="openai-compatible/x", prices=load_prices(), limits=Limits())


def _in_process() -> Iterator[Figure]:
    from harness.models.chat import GatewayChat

    calls, engine = _calls(), _Instant()
    gateway = _gateway(Offline(engine))
    chat = GatewayChat(gateway=gateway)

    async def bare(call: Call) -> None:
        engine.answer(call)

    async def through(call: Call) -> None:
        await gateway.complete(call)

    async def chatted(call: Call) -> None:
        await chat.ainvoke([dict(message) for message in call.messages])

    base = asyncio.run(_median_ms(bare, calls))
    note = f"median of {_IN_PROCESS:,} calls"
    yield Figure("gateway, added to a call in process", asyncio.run(_median_ms(through, calls)) - base, "ms", 0.2, note)
    yield Figure("  and as a LangChain chat model", asyncio.run(_median_ms(chatted, calls)) - base, "ms", None, note)


async def _median_ms(ask: Callable[[Call], Awaitable[None]], calls: list[Call]) -> float:
    taken: list[float] = []
    for number in range(_IN_PROCESS):
        begun = time.perf_counter()
        await ask(calls[number % len(calls)])
        taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def _over_http(port: int) -> Iterator[Figure]:
    """CPU of this process for each call; the server is another one."""
    from langchain_openai import ChatOpenAI
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    from harness.models.compatible import Compatible
    from harness.models.provider import Provider

    url, calls = f"http://127.0.0.1:{port}/v1", _calls()

    async def bare() -> float:
        client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0)

        async def ask(call: Call) -> None:
            await client.chat.completions.create(model="x", messages=list(call.messages))  # type: ignore[arg-type]

        taken = await _cpu_ms(ask, calls)
        await client.close()
        return taken

    async def ours() -> float:
        backend = Compatible(id="x", name="x", base_url=url, secret="", api="chat", timeout=60)
        return await _through(_gateway(backend), calls)

    async def langchain() -> float:
        client = DefaultAsyncHttpxClient()
        model = ChatOpenAI(
            model="x",
            base_url=url,
            api_key="none",
            max_retries=0,
            http_async_client=client,
            include_response_headers=True,
        )  # type: ignore[call-arg,arg-type,unused-ignore]
        return await _through(_gateway(Provider(model, id="x", close=client.aclose)), calls)

    base = min(asyncio.run(bare()) for _ in range(3))
    note = f"over {base:.1f} ms of the bare client; best of 3 x {_HTTP} calls"
    for name, ask in (("openai-compatible", ours), ("openai, through LangChain", langchain)):
        added = min(asyncio.run(ask()) for _ in range(3)) - base
        yield Figure(f"gateway, CPU added to an HTTP call, {name}", added, "ms", 3, note)


async def _through(gateway: Gateway, calls: list[Call]) -> float:
    async def ask(call: Call) -> None:
        await gateway.complete(call)

    taken = await _cpu_ms(ask, calls)
    await gateway.aclose()
    return taken


async def _cpu_ms(ask: Callable[[Call], Awaitable[None]], calls: list[Call]) -> float:
    await ask(calls[0])
    begun = time.process_time()
    for number in range(_HTTP):
        await ask(calls[number % len(calls)])
    return (time.process_time() - begun) * 1000 / _HTTP


def _served(port: int) -> Iterator[Figure]:
    """Completions a second over connections that stay open, of a short prompt and of whole triage prompts."""
    short = [[{"role": "user", "content": "A guest wants a refund of the cleaning fee. " * 90}]]
    for name, prompts in (("4-KB prompts", short), ("triage prompts", _prompts())):
        bodies = [json.dumps({"model": "x", "messages": messages}).encode() for messages in prompts]
        size = sum(map(len, bodies)) / len(bodies) / 1024
        rate = max(asyncio.run(_rate(port, bodies)) for _ in range(3))
        note = f"persona:perfect on one core, {_CONNECTIONS} connections, {size:.0f} KB"
        yield Figure(f"stub server, {name}", rate, "/s", note=note, at_least=400)


async def _rate(port: int, bodies: list[bytes]) -> float:
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    requests = [head.format(len(body)).encode() + body for body in bodies]

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(_STUB // _CONNECTIONS):
            writer.write(requests[number % len(requests)])
            status = await reader.readline()
            assert b"200" in status, status
            length = 0
            while (line := await reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(_CONNECTIONS)))
    return _STUB / (time.perf_counter() - begun)


@contextmanager
def _server(model: str) -> Iterator[int]:
    """A stub server in a process of its own, on one core where that can be had."""
    command = [
        str(Path(sys.executable).with_name("harness")),
        "stub-server",
        "--model",
        model,
        "--answers",
        str(_SUITE),
    ]
    process = subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=_ROOT
    )
    assert process.stdout is not None
    try:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        yield int(process.stdout.readline().split("http://127.0.0.1:")[1].split("/")[0])
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()
