"""Versions of policies: each number once, each following the one before it without overlap or gap."""

from collections.abc import Iterator

from harness.corpus.policies import overlaps, repeated_versions, successions
from harness.workflows.check.findings import Finding, finding, of_errors
from harness.workflows.check.material import Material


def repeated(material: Material) -> Iterator[Finding]:
    """Two files that are the same version of a policy."""
    errors = repeated_versions(material.corpus.policies)
    return of_errors(errors, rule="duplicate-id", otherwise=material.at("corpora", "policies"))


def overlapping(material: Material) -> Iterator[Finding]:
    """A version that begins while the one before it still holds."""
    errors = overlaps(material.corpus.policies)
    return of_errors(errors, rule="overlap", otherwise=material.at("corpora", "policies"))


def gaps(material: Material) -> Iterator[Finding]:
    """Days between two versions on which no version holds."""
    for one, two in successions(material.corpus.policies):
        end, begin = one.head.effective_to, two.head.effective_from
        if end is not None and end < begin:
            message = f"no version of {two.head.id} holds from {end} until {two.key} begins on {begin}"
            yield finding(two.at("effective_from"), rule="gap", message=message)


def supersedings(material: Material) -> Iterator[Finding]:
    """A `supersedes` that names no version, or another one than the version before."""
    policies = material.corpus.policies
    known = {policy.key for policy in policies}
    before = {two.key: one.key for one, two in successions(policies)}
    for policy in policies:
        named, at = policy.head.supersedes, policy.at("supersedes")
        if named is None or named == before.get(policy.key):
            continue
        if named not in known:
            yield finding(at, rule="supersedes", message=f"supersedes {named!r}, which doesn't exist")
        else:
            right = before.get(policy.key, "none")
            yield finding(at, rule="supersedes", message=f"supersedes {named!r}; the version before is {right}")
