"""Versions of policies: each number once, following one another without overlap or gap, and naming what there is."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from harness.core.files import suggest
from harness.corpus.policies import Policy, overlaps, repeated_versions, successions
from harness.corpus.policies import gaps as policy_gaps
from harness.workflows.check.findings import Finding, finding, of_errors
from harness.workflows.check.material import Material

_NUMBER = r"\d+(?:\.\d+)+"
_AND = r"(?:,\s+(?:and\s+|or\s+)?|\s+(?:and|or|to)\s+)"
_NUMBERS = rf"{_NUMBER}(?:{_AND}{_NUMBER})*"


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


def references(material: Material) -> Iterator[Finding]:
    """Policies and clauses named in a clause's text that aren't there while the clause is in force.

    A policy must hold on a day of that time; its clause, `4.1 of POL-A` or `POL-A, 4.1`, on all days that both hold.
    """
    policies = material.corpus.policies if material.whole else ()
    versions: dict[str, list[Policy]] = defaultdict(list)
    for policy in policies:
        versions[policy.head.id].append(policy)
    named = _Named(versions)
    for policy in policies:
        for clause in policy.clauses:
            for message in _dangling(policy, clause.text, named=named, versions=versions):
                yield finding(clause.at, rule="reference", message=f"clause {clause.number} names {message}")


class _Named:
    """What a text names of the policies `known`, and in the form of their ids."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        begins = {match[0] for id in known if _coded(id) and (match := re.match(r"[^\W\d_]+(?=[-_])", id))}
        forms = [*sorted(map(re.escape, known), key=len, reverse=True)]
        forms += [rf"(?:{'|'.join(sorted(map(re.escape, begins)))})(?:[-_][A-Za-z0-9]+)+"] if begins else []
        name = rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])"
        self._name = re.compile(name)
        after = rf"{name}(?:@\d+)?,\s+(?:clauses?\s+)?"
        # in `POL-A, 1.1 and 2.1 of POL-B` the last number alone is POL-B's
        self._of = re.compile(rf"(?:{after}(?:{_NUMBER}{_AND})+)?(?<![\w.])({_NUMBERS})\s+of\s+({name})")
        self._comma = re.compile(rf"({name})(?:@\d+)?,\s+(?:clauses?\s+)?({_NUMBERS})(?!\.?\d|\s*%|\s+of\b)")

    def policies(self, text: str) -> Iterator[str]:
        """Each id once. Plain words are none, nor is one that begins like an id, as `EU-wide` does like `EU-01`."""
        for match in dict.fromkeys(found[0] for found in self._name.finditer(text)):
            name = match if match in self._known else re.sub(r"(?:[-_][a-z]+)+$", "", match)
            if _coded(name) and (name in self._known or re.search("[-_]", name)):
                yield name

    def clauses(self, text: str) -> Iterator[tuple[str, str]]:
        """(policy, number) of each clause that is named with its policy."""
        pairs = [(match[2], match[1]) for match in self._of.finditer(text)]
        pairs += [(match[1], match[2]) for match in self._comma.finditer(text)]
        yield from dict.fromkeys((name, number) for name, list in pairs for number in re.findall(_NUMBER, list))


def _coded(name: str) -> bool:
    """Whether a name can't be a plain word: it is all capitals, or has a digit."""
    return name.isupper() or any(map(str.isdigit, name))


def _dangling(policy: Policy, text: str, *, named: _Named, versions: Mapping[str, Sequence[Policy]]) -> Iterator[str]:
    for name in named.policies(text):
        if name not in versions:
            yield f"{name!r}: no such policy; {suggest(name, list(versions))}"
        elif not any(_days(policy, versions[name])):
            end = policy.head.effective_to
            held = f"from {policy.head.effective_from} {f'to {end}' if end else 'on'}"
            yield f"{name!r}, no version of which holds while {policy.key} does, {held}"
    for name, number in named.clauses(text):
        for day, held_then in _days(policy, versions.get(name, ())):
            if not any(clause.number == number for one in held_then for clause in one.clauses):
                keys = " and ".join(one.key for one in held_then)
                yield f"{number} of {name!r}: on {day} that is {keys}, without such a clause"
                break


def _days(policy: Policy, others: Sequence[Policy]) -> Iterator[tuple[date, list[Policy]]]:
    """The days of a version's time on which what holds of `others` changes, with what holds from then; none if none does."""
    changes = {policy.head.effective_from}
    changes |= {day for one in others for day in (one.head.effective_from, one.head.effective_to) if day is not None}
    for day in sorted(changes):
        held = [one for one in others if one.in_force(day)]
        if policy.in_force(day) and held:
            yield day, held
