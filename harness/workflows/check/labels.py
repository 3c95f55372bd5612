"""Labels: each one known, each one with an example, none given away by the text."""

import re
from collections import Counter
from collections.abc import Iterator

from harness.corpus.store import unknown_labels as unknown_in_corpus
from harness.evalsets.load import unknown_labels as unknown_in_samples
from harness.workflows.check.findings import Finding, finding, of_errors
from harness.workflows.check.material import Material
from harness.workflows.check.texts import untrusted


def unknown(material: Material) -> Iterator[Finding]:
    """Labels of policies, incidents and samples that the taxonomy doesn't define."""
    if material.taxonomy is not None:
        errors = [
            *unknown_in_corpus(material.corpus, material.taxonomy),
            *unknown_in_samples(material.samples, material.taxonomy),
        ]
        yield from of_errors(errors, rule="label", otherwise=material.at("taxonomy"))


def without_examples(material: Material) -> Iterator[Finding]:
    """Labels that no sample has, or no incident where there are incidents. Targets that are values need none."""
    samples = [sample.target for sample in material.samples]
    targets = [target for target in samples if target.label is not None or target.value is None]
    sets: list[tuple[str, set[str | None], bool]] = [
        (f"sample in {material.suite.eval_set}", {target.label for target in targets}, material.all_samples),
        ("incident", {incident.label for incident, _ in material.corpus.incidents}, material.whole),
    ]
    for name, used, all_read in sets:
        for label, at in material.taxonomy_at.items():
            if used and all_read and label not in used:
                yield finding(at, rule="label-count", message=f"label {label!r} has no {name}")


def counts(material: Material) -> Iterator[Finding]:
    """Labels and slices with fewer samples or incidents than the suite asks for."""
    wanted = material.suite.counts
    samples = Counter(sample.target.label for sample in material.samples)
    incidents = Counter(incident.label for incident, _ in material.corpus.incidents)
    parts = (
        (samples, wanted.per_label, "samples", material.all_samples),
        (incidents, wanted.incidents_per_label, "incidents", material.whole),
    )
    for found, least, what, all_read in parts:
        for label in material.taxonomy_at if all_read else ():
            if found[label] < least:
                message = f"label {label!r} has {found[label]} {what}, fewer than {least}"
                yield finding(material.at("counts"), rule="label-count", message=message)
    slices = Counter(name for sample in material.samples for name in sample.slices)
    for name, least in wanted.slices.items():
        if slices[name] < least and material.all_samples:
            message = f"slice {name!r} has {slices[name]} samples, fewer than {least}"
            yield finding(material.at("counts", "slices", name), rule="slice-count", message=message)


def in_text(material: Material) -> Iterator[Finding]:
    """Label ids standing in a text that a guest or host wrote. An id that is a plain word may well be that word."""
    ids = [re.escape(label) for label in material.taxonomy_at if not label.isalpha()]
    if not ids:
        return
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(ids, key=len, reverse=True))})(?!\w)", re.IGNORECASE)
    for sample, case in material.cases:
        for path, text in untrusted(sample, case):
            match = pattern.search(text)
            if match:
                message = f"sample {sample.id!r}: {path} holds the label id {match[0]!r}; rewrite the text"
                yield finding(sample.at, rule="label-in-text", message=message)
