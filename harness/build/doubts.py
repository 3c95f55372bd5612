"""What a run goes on in spite of, though its figures may suffer: said once, before it begins."""

from collections.abc import Iterator
from itertools import islice

from harness.build.plan import Plan
from harness.core.errors import UsageError
from harness.corpus.policies import gaps

_TOLD = 3
_MANY = 20_000
"""Passages that are embedded in about two minutes on two cores."""


def doubts(plan: Plan) -> list[str]:
    """A line for very large corpora, each gap in force and each gold citation to nowhere, the first few of each.

    `harness check` has all.
    """
    searched = plan.suite.solver in ("triage", "search")
    size = len(plan.corpus.incidents) + sum(len(policy.clauses) for policy in plan.corpus.policies)
    lines = (
        [f"{size:,} passages to look things up in: indexing them takes minutes, once"]
        if searched and size > _MANY
        else []
    )
    for found in (gaps(plan.corpus.policies), _to_nowhere(plan)):
        lines += [str(error) for error in islice(found, _TOLD)]
        more = sum(1 for _ in found)
        lines += [f"and {more} more like it: `harness check {plan.suite.path}` lists them"] if more else []
    return lines


def _to_nowhere(plan: Plan) -> Iterator[UsageError]:
    """Evidence of the chosen samples that isn't in the corpora; a part that the suite leaves out is not asked for."""
    corpus = plan.corpus
    for sample in plan.samples:
        clauses = sample.target.clauses if corpus.policies else ()
        incidents = sample.target.incidents if corpus.incidents else ()
        nowhere = [name for name in clauses if corpus.clause(name) is None]
        nowhere += [name for name in incidents if corpus.incident(name) is None]
        for name in nowhere:
            what = f"sample {sample.id!r}: evidence cites {name!r}, which is not in the corpora"
            yield UsageError(what, where=sample.at, fix="correct it")
