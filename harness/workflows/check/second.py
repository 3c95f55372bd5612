"""Second labels: one for each sample, and in agreement with the first beyond chance."""

import math
from collections.abc import Iterator
from pathlib import Path

from harness.core.errors import UsageError
from harness.core.files import Strict, read_jsonl, suggest, validate
from harness.stats import cohen_kappa, rating_tables
from harness.workflows.check.findings import Finding, finding, of_error
from harness.workflows.check.material import Material, shown_path

_RULE = "second-label"
_NONE = ""
"""The class of tickets without a label; no label's id is empty."""


class _Row(Strict):
    """What the second labeller gave a sample: the label, another one that could be defended, and why."""

    id: str
    label: str | None
    second: str | None = None
    why: str = ""


def labels(material: Material) -> Iterator[Finding]:
    """Samples without exactly one second label, second labels unknown or of no sample, and too low an agreement."""
    name = material.suite.counts.second_labels
    if name is None:
        return
    errors: list[UsageError] = []
    rows = list(_read(shown_path(material.suite, name), errors))
    yield from (of_error(error, rule="schema", otherwise=material.at("counts", "second_labels")) for error in errors)
    samples = {sample.id: sample for sample in material.samples}
    second: dict[str, tuple[str | None, str]] = {}
    for row, at in rows:
        yield from _of_row(row, at, material=material)
        if row.id in second:
            yield finding(at, rule=_RULE, message=f"{row.id!r} has a second label at {second[row.id][1]} already")
        elif row.id not in samples:
            message = f"no sample {row.id!r} in {material.suite.eval_set}"
            yield finding(at, rule=_RULE, message=message)
        second.setdefault(row.id, (row.label, at))
    if errors:  # a sample's label may stand in what couldn't be read
        return
    for sample in samples.values():
        if sample.id not in second:
            message = f"sample {sample.id!r} has no second label in {name}"
            yield finding(sample.at, rule=_RULE, message=message)
    pairs = [(sample.target.label, second[sample.id][0]) for sample in samples.values() if sample.id in second]
    yield from _agreement(pairs, material=material)


def _read(path: Path, errors: list[UsageError]) -> Iterator[tuple[_Row, str]]:
    """Each valid row with its file:line; what is wrong goes into `errors`."""
    try:
        for line, value in read_jsonl(path, what="file of second labels", on_error=errors.append):
            at = f"{path}:{line}"
            try:
                yield validate(_Row, value, where=Path(at)), at
            except UsageError as error:
                errors.append(error)
    except UsageError as error:
        errors.append(error)


def _of_row(row: _Row, at: str, *, material: Material) -> Iterator[Finding]:
    for label in (row.label, row.second):
        if label is not None and material.taxonomy is not None and label not in material.taxonomy.by_id:
            fix = suggest(label, list(material.taxonomy.ids))
            yield finding(at, rule="label", message=f"label {label!r} is not in the taxonomy; {fix}")


def _agreement(pairs: list[tuple[str | None, str | None]], *, material: Material) -> Iterator[Finding]:
    least = material.suite.counts.kappa
    if least is None or not pairs:
        return
    first, second = ([label or _NONE for label in labels] for labels in zip(*pairs, strict=True))
    kappa = float(cohen_kappa(rating_tables(first, second).sum(axis=0)))
    if math.isnan(kappa) or kappa < least:
        value = "undefined: both gave one label to all" if math.isnan(kappa) else f"{kappa:.3f}, less than {least:g}"
        agreed = sum(one == two for one, two in pairs)
        message = f"Cohen's kappa of first and second labels is {value} ({agreed:,} of {len(pairs):,} agree)"
        yield finding(material.at("counts", "kappa"), rule=_RULE, message=message)
