"""Cassette and cache as memories of the gateway: what is asked before a model, and told what it said."""

from pathlib import Path

from harness.core.errors import InfrastructureError, UsageError
from harness.models.calls import Call, Reply
from harness.models.recording import Cache, Cassette


class Replay:
    """A cassette that is replayed: a miss is an error that shows the nearest prompt."""

    name = "cassette"

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette

    def recall(self, call: Call) -> tuple[Reply | None, str]:
        """The recorded reply; a strict cassette raises UsageError where none is."""
        return self.cassette.get(call), ""

    def keep(self, call: Call, reply: Reply) -> None:
        """A replay records nothing."""

    def close(self) -> None:
        """Let go of the file."""
        self.cassette.close()


class Recorder(Replay):
    """A cassette that is written; one that is filling replays what it has."""

    def keep(self, call: Call, reply: Reply) -> None:
        """Record the reply."""
        self.cassette.put(call, reply)


class Cached:
    """The every-day cache."""

    name = "cache"

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def recall(self, call: Call) -> tuple[Reply | None, str]:
        """The cached reply, and why there is or isn't one."""
        return self._cache.get(call)

    def keep(self, call: Call, reply: Reply) -> None:
        """Cache the reply."""
        self._cache.put(call, reply)

    def close(self) -> None:
        """Let go of the file."""
        self._cache.close()


class Silent:
    """The model behind a strict replay: there is none."""

    in_process = True

    async def complete(self, call: Call) -> Reply:
        """Never reached: a strict replay answers or raises."""
        raise InfrastructureError("connection", "a replay has no model to ask")

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def open_replay(name: str) -> tuple[Cassette, str]:
    """The cassette of `FILE` or `FILE#MODEL`, and the id of the model that it recorded."""
    path, _, wanted = name.partition("#")
    cassette = Cassette.open(Path(path), mode="strict")
    models = cassette.models
    if wanted and wanted not in models:
        raise UsageError(f"no call of {wanted!r}", where=path, fix=f"it holds {', '.join(models) or 'none'}")
    if not wanted and len(models) != 1:
        fix = f"name one: {path}#{models[0]}" if models else "record one with --record"
        raise UsageError(f"holds calls of {len(models)} models", where=path, fix=fix)
    return cassette, wanted or models[0]
