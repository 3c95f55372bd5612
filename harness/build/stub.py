"""The stub server with the engines, the answer key and the faults that its user names."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.build.solver import default_home
from harness.core.errors import UsageError
from harness.core.taxonomy import load_taxonomy
from harness.core.types import Json, Sample, Target
from harness.embeddings import Embedder, load_embedder
from harness.evalsets import load_eval_set, parse_case
from harness.evaluation.suite import Suite, load_suite
from harness.models.calls import Engine
from harness.models.personas import Persona, load_persona, persona_names
from harness.models.reader import Reader
from harness.models.stub import AnswerBook, FaultPlan, StubServer

READER = "reader"
PERSONA = "persona:"
_FILES = (".yaml", ".yml")


def stub_server(
    model: str = READER,
    *,
    answers: Path | str | None = None,
    faults: FaultPlan | Path | str | Mapping[str, Json] | None = None,
    port: int = 0,
    home: Path | None = None,
) -> StubServer:
    """A server that isn't started yet. `model` is `reader`, `persona:NAME` or a persona's file; `answers` is a suite.

    UsageError for whatever is named and isn't there or isn't right.
    """
    book = load_answers(Path(answers)) if answers is not None else None
    embedder = _once(lambda: load_embedder("minilm", cache_dir=(home or default_home()) / "vectors"))
    make = _engines(book.key if book is not None else _no_key, embedder)
    engine = make(model)
    return StubServer(
        engine_of=lambda name: engine if name == model else make(name),
        model=model,
        names=(READER, *(f"{PERSONA}{name}" for name in persona_names())),
        book=book,
        faults=faults,
        embedder=embedder,
        port=port,
    )


def load_answers(path: Path) -> AnswerBook:
    """The answer key of a suite: every sample of its eval set, whatever its split."""
    suite = load_suite(path)
    taxonomy = load_taxonomy(suite.resolve(suite.taxonomy)) if suite.taxonomy else None
    samples = load_eval_set(suite.resolve(suite.eval_set), taxonomy=taxonomy, kind=suite.input).samples
    targets = {sample.id: sample.target for sample in samples}
    return AnswerBook(targets, {sample.id: tuple(_texts(sample, suite)) for sample in samples})


def _texts(sample: Sample, suite: Suite) -> Iterator[str]:
    """Yield what a request about the sample holds: its untrusted texts, or all strings of an input of one's own."""
    case = parse_case(sample.input, sample_id=sample.id, kind=suite.input, where=sample.at)
    if case is None:
        yield from _strings(sample.input)
    else:
        yield from (text for _, text in case.untrusted)


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _engines(key: Callable[[str], Target | None], embedder: Callable[[], Embedder]) -> Callable[[str], Engine]:
    def make(name: str) -> Engine:
        if name == READER:
            return Reader(embedder=embedder())
        if not name.startswith(PERSONA) and Path(name).suffix not in _FILES:
            fix = f"give {READER}, {PERSONA}NAME, or the path of a persona's .yaml"
            raise UsageError(f"no model {name!r} to serve", where="--model", fix=fix)
        return Persona(load_persona(name.removeprefix(PERSONA)), key=key)

    return make


def _no_key(_: str) -> None:
    return None


def _once(make: Callable[[], Embedder]) -> Callable[[], Embedder]:
    made: list[Embedder] = []

    def get() -> Embedder:
        if not made:
            made.append(make())
        return made[0]

    return get
