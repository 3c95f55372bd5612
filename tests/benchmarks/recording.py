"""Recordings: calls replayed and recorded in a second, and a large cassette opened."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.models.calls import Call, Reply
from harness.models.recording import Cache, Cassette
from tests.benchmarks.figures import Figure

_CALLS, _LARGE = 5000, 100_000
_KEY = slice(9, 73)


def measure() -> Iterator[Figure]:
    """Recording and replaying prompts of 4 KB, and opening 100,000 entries, small and of 4 KB."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "calls.jsonl"
        calls = [_call(number, size=4000) for number in range(_CALLS)]
        reply = Reply(text="x" * 300, input_tokens=1000, output_tokens=80, model="m")
        with Cassette.open(path, mode="record") as cassette:
            begun = time.perf_counter()
            for call in calls:
                cassette.put(call, reply)
            yield Figure("calls recorded", _CALLS / (time.perf_counter() - begun), "/s", note="prompts of 4 KB")
        with Cassette.open(path, mode="strict") as cassette:
            begun = time.perf_counter()
            for call in calls:
                assert cassette.get(call) is not None
            rate = _CALLS / (time.perf_counter() - begun)
            yield Figure("replayed calls", rate, "/s", note="prompts of 4 KB", at_least=5000)
        for size in (100, 4000):
            yield _opening(path, size=size)
        with Cache(Path(folder)) as cache:
            cache.put(calls[0], reply)
            begun = time.perf_counter()
            for call in calls[1:201]:
                cache.get(call)
            yield Figure("calls a cache lacks", 200 / (time.perf_counter() - begun), "/s", note="never asked")


def _opening(path: Path, *, size: int) -> Figure:
    """Seconds to open 100,000 entries that are alike but for their keys."""
    path.unlink()
    with Cassette.open(path, mode="record") as cassette:
        cassette.put(_call(0, size=size), Reply(text="x" * 200, input_tokens=100, output_tokens=20, model="m"))
    header, entry = path.read_bytes().splitlines(keepends=True)
    with path.open("wb") as file:
        file.write(header)
        for number in range(_LARGE):
            key = hashlib.sha256(b"%d" % number).hexdigest().encode()
            file.write(entry[: _KEY.start] + key + entry[_KEY.stop :].replace(b'"t-0"', b'"t-%d"' % number, 1))
    begun = time.perf_counter()
    with Cassette.open(path, mode="strict") as cassette:
        assert len(cassette) == _LARGE
    note = f"{_LARGE:,} entries of {len(entry):,} bytes"
    return Figure("cassette opened", time.perf_counter() - begun, "s", 1, note)


def _call(number: int, *, size: int) -> Call:
    text = f"ticket {number}: " + "The guest asks for a refund of the cleaning fee. " * (size // 49)
    messages = ({"role": "system", "content": "You triage tickets."}, {"role": "user", "content": text})
    return Call("m", messages, parameters={"temperature": 0, "max_tokens": 800}, sample=f"t-{number}")
