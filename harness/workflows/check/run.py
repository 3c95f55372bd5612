"""Run every check over suites."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.build.plan import make_plan
from harness.core.errors import NoSamplesError, UsageError
from harness.workflows.check import (
    citations,
    contact,
    duplicates,
    identity,
    labels,
    probes,
    second,
    skeletons,
    slices,
    texts,
    versions,
)
from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material, read_material

CHECKS: tuple[Callable[[Material], Iterator[Finding]], ...] = (
    identity.repeated,
    versions.repeated,
    versions.overlapping,
    versions.gaps,
    versions.supersedings,
    versions.references,
    labels.unknown,
    labels.without_examples,
    labels.counts,
    labels.in_text,
    citations.of_incidents,
    citations.of_evidence,
    citations.of_claims,
    citations.of_grades,
    citations.of_verdicts,
    identity.same_case,
    identity.same_reservation,
    duplicates.split_clusters,
    skeletons.shared_skeletons,
    contact.contact_data,
    texts.binary,
    slices.meanings,
    slices.rationales,
    second.labels,
)
"""Every check of one suite's data; a new one is a function and a line here."""

_OF_WRITING = frozenset({labels.in_text, skeletons.shared_skeletons})
"""Checks of how texts were written. Collected ones (`collected` in a suite) are what they are."""

_STOPS_A_RUN = frozenset({"schema", "duplicate-id", "overlap", "label", "suite"})
"""Rules of findings that a plan would stop at too, and give once more."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked, and found: findings by file and line, distinct ones of each kind counted over all suites.

    `skipped` names users' own scorers, which were not probed.
    """

    findings: tuple[Finding, ...]
    samples: int
    policies: int
    clauses: int
    incidents: int
    skipped: tuple[str, ...]


def check_suites(paths: Sequence[Path]) -> Checked:
    """Check all the data behind `paths`; UsageError where a suite file isn't there."""
    read = [read_material(path) for path in paths]
    found = {one for _, findings in read for one in findings}
    materials = [material for material, _ in read if material is not None]
    for material, findings in read:
        if material is not None:
            found |= _check(material, unread=findings)
    found |= set(identity.repeated_across(materials))
    found |= set(duplicates.near_duplicates([one for one in materials if not one.suite.collected]))
    policies = {policy.path: policy for material in materials for policy in material.corpus.policies}
    return Checked(
        findings=tuple(sorted(found)),
        samples=len({sample.at for material in materials for sample in material.samples}),
        policies=len(policies),
        clauses=sum(len(policy.clauses) for policy in policies.values()),
        incidents=len({at for material in materials for _, at in material.corpus.incidents}),
        skipped=tuple(dict.fromkeys(name for material in materials for name in probes.own_functions(material))),
    )


def _check(material: Material, *, unread: Sequence[Finding]) -> set[Finding]:
    """The findings of one suite, but for those that reading it gave; scorers are probed where all could be read."""
    skipped = _OF_WRITING if material.suite.collected else frozenset()
    found = {one for check in CHECKS if check not in skipped for one in check(material)}
    touched = {f"{one.file}:{one.line}" for one in found}
    sound = [sample for sample in material.samples if sample.at not in touched]
    if material.whole:
        found |= set(probes.probe_suite(material, sound=sound))
    if not any(one.rule in _STOPS_A_RUN for one in (*unread, *found)):
        found |= set(_plan(material))
    return found


def _plan(material: Material) -> Iterator[Finding]:
    """Whether `harness eval` would start: names of solver, model, scorers and baselines, and samples to run."""
    try:
        make_plan(material.suite)
    except UsageError as error:
        yield material.blame(error, key="solver")
    except NoSamplesError as error:
        yield finding(material.at("eval_set"), rule="suite", message=str(error))
