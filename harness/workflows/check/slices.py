"""Slices whose name has a mechanical meaning hold what they say, and gold rationales have as many claims as asked for.

Only slices that the suite counts (`counts.slices`) are checked: another set's `long` may mean something else.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date

from harness.core.ticket import Case
from harness.core.types import Sample
from harness.corpus.policies import Policy, successions
from harness.workflows.check.findings import Finding, finding
from harness.workflows.check.material import Material
from harness.workflows.check.texts import words

_ONE_LINE_WORDS = 40
_LONG_WORDS = 800
_CHANGE_DAYS = 14

Before = Mapping[str, Policy]
"""The version before each one, by its key."""
Reason = Callable[[Sample, Case, Material, Before], str]
"""Why a ticket belongs into a slice; nothing where it doesn't."""


def meanings(material: Material) -> Iterator[Finding]:
    """Tickets in a slice that they don't belong into, or left out of one that they do."""
    if material.suite.input != "ticket":
        return
    wanted = [entry for entry in _MEANINGS if entry[0] in material.suite.counts.slices]
    before = {two.key: one for one, two in successions(material.corpus.policies)}
    for name, reason, otherwise, both in wanted:
        if name == "policy_change" and not material.whole:
            continue
        for sample, case in material.cases:
            why = reason(sample, case, material, before) if case is not None else ""
            if name in sample.slices and not why:
                message = f"sample {sample.id!r} is in slice {name!r}, and {otherwise}"
                yield finding(sample.at, rule="slice", message=message)
            elif both and why and name not in sample.slices:
                message = f"sample {sample.id!r} isn't in slice {name!r}, and {why}"
                yield finding(sample.at, rule="slice", message=message)


def rationales(material: Material) -> Iterator[Finding]:
    """Gold rationales of fewer or more claims than the suite says."""
    if material.suite.counts.claims is None:
        return
    least, most = material.suite.counts.claims
    for sample in material.samples:
        found = len(sample.target.rationale)
        if not least <= found <= most:
            message = f"sample {sample.id!r}: its rationale has {found} claims, not {least} to {most}"
            yield finding(sample.at, rule="claim-count", message=message)


def _one_line(_: Sample, case: Case, __: Material, ___: Before) -> str:
    message = case.fields.get("guest_message", "").strip()
    is_one = message and "\n" not in message and len(words(message)) <= _ONE_LINE_WORDS
    return f"its guest message is one line of {len(words(message))} words" if is_one else ""


def _long(_: Sample, case: Case, __: Material, ___: Before) -> str:
    count = sum(len(words(text)) for _, text in case.untrusted)
    return f"its texts have {count:,} words" if count > _LONG_WORDS else ""


def _policy_change(sample: Sample, case: Case, material: Material, before: Before) -> str:
    day = case.created_at.astimezone(UTC).date() if case.created_at is not None else date.min
    for citation in sample.target.clauses:
        policy, clause = material.corpus.clause(citation) or (None, None)
        if policy is None or clause is None or not 0 <= (day - policy.head.effective_from).days <= _CHANGE_DAYS:
            continue
        older = before[policy.key].clauses if policy.key in before else ()
        if clause.text not in {one.text for one in older if one.number == clause.number}:
            return f"{citation} says something new since {policy.head.effective_from}"
    return ""


def _out_of_scope(sample: Sample, _: Case, __: Material, ___: Before) -> str:
    return "its label is null" if sample.target.label is None else ""


def _non_english(_: Sample, case: Case, __: Material, ___: Before) -> str:
    language = case.locale.replace("_", "-").partition("-")[0].casefold()
    return f"its locale is {case.locale}" if language != "en" else ""


_MEANINGS: tuple[tuple[str, Reason, str, bool], ...] = (
    ("one_line", _one_line, f"its guest message isn't one line of at most {_ONE_LINE_WORDS} words", True),
    ("long", _long, f"its texts have no more than {_LONG_WORDS} words", True),
    ("policy_change", _policy_change, f"no clause of its evidence changed in the {_CHANGE_DAYS} days before it", True),
    ("out_of_scope", _out_of_scope, "it has a label", True),
    ("non_english", _non_english, "its locale is English", False),
)
"""Name, why a ticket belongs into it, what is said where none does, and whether all that do must be in it.

People write English from other countries too, so a locale puts nobody into `non_english`.
"""
