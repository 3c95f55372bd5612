"""Read an eval set: JSON Lines of samples, validated against the taxonomy, each with its file and line."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from harness.core.errors import NoSamplesError, OnError, UsageError, stop
from harness.core.files import Strict, read_jsonl, suggest, validate
from harness.core.hashing import content_hash
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import Case, InputKind, TextInput, Ticket
from harness.core.types import Claim, Sample, Target


class ClaimRow(Strict):
    """One claim of a gold rationale."""

    text: str = Field(min_length=1)
    citations: tuple[str, ...] = ()


class EvidenceRow(Strict):
    """What decides a ticket: clause ids and ids of like incidents."""

    clauses: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()


class TargetRow(Strict):
    """The expected answer. `label: null` means none of the labels: the right action is a review."""

    label: str | None = None
    acceptable: tuple[str, ...] = ()
    evidence: EvidenceRow = EvidenceRow()
    rationale: tuple[ClaimRow, ...] = ()
    value: Any = None


class SampleRow(Strict):
    """One line of an eval set."""

    id: str = Field(min_length=1, max_length=200)
    input: Any
    target: TargetRow
    split: Literal["dev", "test", "train"] = "test"
    cluster: str | None = None
    slices: tuple[str, ...] = ()
    difficulty: Literal["easy", "medium", "hard"] | None = None


@dataclass(frozen=True)
class EvalSet:
    """Samples of one file, in its order."""

    samples: tuple[Sample, ...]
    path: Path

    @cached_property
    def hash(self) -> str:
        """Content hash over ids, inputs, targets, splits and clusters."""
        return content_hash([[s.id, s.input, s.split, s.cluster, asdict(s.target)] for s in self.samples])

    def select(
        self, *, split: str | None = None, ids: Sequence[str] = (), limit: int | None = None
    ) -> tuple[Sample, ...]:
        """Samples of `split` (None: all), only `ids` if given, at most `limit`; NoSamplesError where none is left."""
        for wanted in ids:
            if wanted not in {sample.id for sample in self.samples}:
                known = [sample.id for sample in self.samples]
                raise UsageError(f"no sample {wanted!r}", where=self.path, fix=suggest(wanted, known))
        chosen = [s for s in self.samples if (s.id in ids if ids else split is None or s.split == split)]
        if limit is not None:
            chosen = chosen[:limit]
        if not chosen:
            raise NoSamplesError(f"{self.path}: no sample to evaluate (split {split!r}, limit {limit})")
        return tuple(chosen)


def load_eval_set(path: Path, *, taxonomy: Taxonomy | None, kind: InputKind) -> EvalSet:
    """Every sample of `path`; the first wrong line is a UsageError with file and line."""
    samples = tuple(read_samples(path, kind=kind))
    unknown = unknown_labels(samples, taxonomy) if taxonomy is not None else ()
    for error in (*repeated_samples(samples), *unknown):
        raise error
    return EvalSet(samples=samples, path=path)


def read_samples(path: Path, *, kind: InputKind, on_error: OnError = stop) -> Iterator[Sample]:
    """Yield the valid rows of an eval set, labels not yet looked at; each other one goes to `on_error`."""
    for line, value in read_jsonl(path, what="eval set", on_error=on_error):
        try:
            sample = parse_sample(value, at=f"{path}:{line}", kind=kind)
        except UsageError as error:
            on_error(error)
        else:
            yield sample


def repeated_samples(samples: Sequence[Sample]) -> Iterator[UsageError]:
    """An error for each sample whose id stands above it already."""
    seen: dict[str, str] = {}
    for sample in samples:
        if sample.id in seen:
            yield UsageError(f"sample {sample.id!r} is also at {seen[sample.id]}", where=sample.at, fix="rename one")
        seen.setdefault(sample.id, sample.at)


def unknown_labels(samples: Sequence[Sample], taxonomy: Taxonomy) -> Iterator[UsageError]:
    """An error for each label of a target that the taxonomy doesn't define."""
    for sample in samples:
        for label in (sample.target.label, *sample.target.acceptable):
            if label is not None and label not in taxonomy.by_id:
                fix = suggest(label, list(taxonomy.ids))
                yield UsageError(f"label {label!r} is not in the taxonomy", where=sample.at, fix=fix)


def parse_sample(value: dict[str, Any], *, at: str, kind: InputKind) -> Sample:
    """One row as a Sample; its input is held against `kind`."""
    row = validate(SampleRow, value, where=Path(at))
    parse_case(row.input, sample_id=row.id, kind=kind, where=at)
    target = Target(
        label=row.target.label,
        acceptable=row.target.acceptable,
        clauses=row.target.evidence.clauses,
        incidents=row.target.evidence.incidents,
        rationale=tuple(Claim(claim.text, claim.citations) for claim in row.target.rationale),
        value=row.target.value,
    )
    return Sample(
        id=row.id,
        input=row.input,
        target=target,
        split=row.split,
        cluster=row.cluster or row.id,
        slices=row.slices,
        difficulty=row.difficulty,
        at=at,
    )


def parse_case(value: object, *, sample_id: str, kind: InputKind, where: str) -> Case | None:
    """A sample's input as a Case; None for `any`. UsageError where it is not of that kind."""
    if kind == "any":
        return None
    keys = Ticket.model_fields if kind == "ticket" else TextInput.model_fields
    if not isinstance(value, dict):
        raise UsageError(f"input is not a {kind}", where=where, fix=f"the keys are {', '.join(keys)}")
    if kind == "ticket":
        return validate(Ticket, value, where=Path(where)).to_case()
    return validate(TextInput, value, where=Path(where)).to_case(sample_id)
