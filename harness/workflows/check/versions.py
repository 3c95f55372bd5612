"""Versions of policies: each number once, each following the one before it without overlap or gap."""

from collections.abc import Iterator

from harness.corpus.policies import gaps as policy_gaps
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
    """Days between two versions on which no version holds, unless one that couldn't be read may."""
    errors = policy_gaps(material.corpus.policies) if material.whole else ()
    return of_errors(errors, rule="gap", otherwise=material.at("corpora", "policies"))


def supersedings(material: Material) -> Iterator[Finding]:
    """A `supersedes` that names no version, or another one than the version before, where all could be read."""
    policies = material.corpus.policies if material.whole else ()
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
