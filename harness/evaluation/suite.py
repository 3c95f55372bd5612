"""The suite file: which eval set, agent, model, prompt, retrieval, scorers and gates make one evaluation."""

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from harness.core.errors import UsageError
from harness.core.files import Strict, parse_value, parse_yaml, read_text, validate
from harness.core.ticket import InputKind
from harness.evaluation.gates import parse_gate
from harness.evaluation.solvers import SolverSpec, parse_solver
from harness.models.settings import Calls

Key = tuple[int | str, ...]
Count = Annotated[int, Field(ge=0, le=1000)]


class CorporaPaths(Strict):
    """Where policies (a folder of Markdown) and incidents (JSON Lines, or a folder of them) are; both may be left out."""

    policies: str | None = None
    incidents: str | None = None


def _depth(value: Any) -> Any:
    """What may be a number of policies; refused here, since a union's own errors name its parts."""
    if value == "all" or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000):
        return value
    raise ValueError("give a number of clauses from 0 to 1000, or all")


def _moment(value: Any) -> Any:
    if value is None or value == "created_at" or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("give created_at, a day such as 2026-07-20, or null") from None


class Retrieval(Strict):
    """What is retrieved for each ticket. `policies: all` puts every clause in force into the prompt, without a search.

    `as_of` null looks at the latest policies and all incidents, a day (`2026-07-20`) at what an index frozen on it holds:
    clauses in force on that day, incidents closed before it. Claims are held to the ticket's own date all the same.
    """

    embeddings: str = Field(
        default="minilm",
        description="minilm, hashing, chroma, chroma:FOLDER, openai/MODEL, openai-compatible/MODEL, or module:function that "
        "gives a LangChain Embeddings",
    )
    base_url: str | None = Field(
        default=None, description="of the server that embeds, for openai and openai-compatible"
    )
    api_key: str | None = Field(default=None, pattern=r"^(env|file):.", description="its key: env:NAME or file:PATH")
    dimensions: int | None = Field(default=None, ge=1, le=65_536, description="asked of an openai model")
    chroma: str | None = Field(default=None, description="URL of a Chroma server; null keeps vectors in files")
    region: str | None = Field(default=None, description="only clauses of this region and of `all`; null takes all")
    mode: Literal["hybrid", "dense", "lexical"] = "hybrid"
    precedents: bool = Field(
        default=True, description="in hybrid mode, raise the clauses that the closest past cases were decided under"
    )
    policies: Annotated[Count | Literal["all"], BeforeValidator(_depth)] = 6
    incidents: Count = 8
    as_of: Annotated[Literal["created_at"] | date | None, BeforeValidator(_moment)] = "created_at"


class Counts(Strict):
    """What the data has to have at least; `harness check` holds it to this."""

    per_label: int = Field(default=0, ge=0, description="samples of each label")
    incidents_per_label: int = Field(default=0, ge=0, description="incidents of each label")
    slices: dict[str, int] = Field(default={}, description="samples of each slice, by its name")
    claims: tuple[Count, Count] | None = Field(default=None, description="least and most claims of a gold rationale")
    second_labels: str | None = Field(
        default=None, description="JSON Lines of a second labeller's `{id, label}`, one of each sample"
    )
    kappa: float | None = Field(
        default=None, ge=-1, le=1, description="least Cohen's kappa of the samples' labels and the second ones"
    )

    @model_validator(mode="after")
    def _sensible(self) -> "Counts":
        if self.claims is not None and self.claims[0] > self.claims[1]:
            raise ValueError(f"claims: the least, {self.claims[0]}, is more than the most, {self.claims[1]}")
        if self.kappa is not None and self.second_labels is None:
            raise ValueError("kappa needs second_labels")
        return self


ScorerEntry = str | dict[str, dict[str, Any] | None]


class Suite(Strict):
    """One evaluation. Paths are relative to the suite file."""

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")
    description: str = ""
    eval_set: str = Field(description="JSON Lines of samples")
    derived_from: str | None = Field(
        default=None, description="eval set whose texts this one uses on purpose; `harness check` lets them be alike"
    )
    collected: bool = Field(
        default=False,
        description="texts were collected, not written for this set: `harness check` asks nobody to rewrite them",
    )
    input: InputKind = Field(default="ticket", description="what a sample's input is")
    split: Literal["dev", "test", "train"] | None = Field(default=None, description="null takes every split")
    sample_ids: tuple[str, ...] = Field(default=(), description="only these samples of the split; empty takes all")
    taxonomy: str | None = Field(default=None, description="labels and costs; needed by triage, routing and cost")
    corpora: CorporaPaths = CorporaPaths()
    solver: str | dict[str, Any] = Field(
        default="triage",
        description="triage, search, verify, baseline:NAME, module:function, http://…, a file of predictions, or a mapping of one of "
        "http, command and predictions",
    )
    model: str = Field(
        default="reader",
        description="reader, persona:NAME, cassette:FILE, provider/model or openai-compatible/model",
    )
    model_parameters: dict[str, Any] = Field(default={}, description="passed on: base_url, temperature, max_tokens, …")
    calls: Calls = Field(default=Calls(), description="how the model is called")
    prompt: str | None = Field(default=None, description="Markdown template; needed by triage")
    retrieval: Retrieval = Retrieval()
    scorers: tuple[ScorerEntry, ...] = Field(min_length=1, description="names, module:function, or {name: options}")
    gates: tuple[str, ...] = Field(default=(), description="e.g. `routing.accuracy > baseline:keyword`")
    baselines: tuple[str, ...] = Field(default=(), description="baselines to show beside the result")
    counts: Counts = Field(default=Counts(), description="what the data has to have at least, for `harness check`")
    coverage: float = Field(default=0.0, ge=0, le=1, description="least share of trials that must be scored")
    trials: int = Field(default=1, ge=1, le=1000)
    concurrency: int | None = Field(default=None, ge=1, le=1000, description="null: 1 for in-process models, else 8")
    seed: int = Field(default=0, ge=0)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    resamples: int = Field(default=2000, ge=100, le=100_000)

    _path: Path = PrivateAttr(default=Path("suite.yaml"))

    @field_validator("gates")
    @classmethod
    def _gates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_gate(text)
        return value

    @field_validator("solver")
    @classmethod
    def _solver(cls, value: str | dict[str, Any]) -> str | dict[str, Any]:
        parse_solver(value)
        return value

    @property
    def solving(self) -> str | SolverSpec:
        """The solver: a name, or what is known of one elsewhere."""
        return parse_solver(self.solver)

    @property
    def solver_name(self) -> str:
        """The solver in a few words."""
        solving = self.solving
        return solving if isinstance(solving, str) else solving.name

    @property
    def path(self) -> Path:
        """The suite file."""
        return self._path

    def resolve(self, name: str) -> Path:
        """A path of the suite, relative to its file."""
        return Path(os.path.normpath(self._path.parent / name))


def load_suite(path: Path | str, *, overrides: Sequence[str] = (), replace: Mapping[str, Any] | None = None) -> Suite:
    """Read a suite; `overrides` are `key.path=YAML`, `replace` sets top-level keys. UsageError where it is wrong."""
    path = Path(path)
    value, lines = parse_yaml(read_text(path, what="suite"), where=path)
    return _made(value, lines, path=path, overrides=overrides, replace=replace or {})


def amend_suite(suite: Suite, *, overrides: Sequence[str] = (), replace: Mapping[str, Any] | None = None) -> Suite:
    """`suite` as it was loaded, with `overrides` and `replace` applied as in `load_suite`."""
    value = suite.model_dump(mode="json")
    return _made(value, {}, path=suite.path, overrides=overrides, replace=replace or {})


def _made(
    value: Any, lines: Mapping[Key, int], *, path: Path, overrides: Sequence[str], replace: Mapping[str, Any]
) -> Suite:
    """The suite of a YAML value; an error in what was replaced names the flag instead of a line of the file."""
    flags = {key: f"--{key}" for key in replace}
    if isinstance(value, dict):
        flags |= {_override(value, text): "--set" for text in overrides}
        value.update(replace)
    places: dict[Key, int | str] = {key: line for key, line in lines.items() if not key or key[0] not in flags}
    places |= {(key,): flag for key, flag in flags.items()}
    suite = validate(Suite, value, where=path, lines=places)
    suite._path = path
    return suite


def _override(value: dict[str, Any], text: str) -> str:
    """Apply one `key.path=YAML` to `value`; the top-level key that it touched."""
    key, equals, raw = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise UsageError(f"{text!r} is not key=value", where="--set", fix="e.g. --set retrieval.incidents=4")
    node: Any = value
    for part in parts[:-1]:
        if isinstance(node, dict):
            node = node.setdefault(part, {})
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            raise UsageError(f"{part!r} in {key!r} is not a mapping", where="--set", fix="see `harness schema suite`")
    parsed = parse_value(raw)
    last = parts[-1]
    if isinstance(node, dict):
        node[last] = parsed
    elif isinstance(node, list) and last.isdigit() and int(last) < len(node):
        node[int(last)] = parsed
    else:
        raise UsageError(f"{key!r} can't be set", where="--set", fix="see `harness schema suite`")
    return parts[0]
