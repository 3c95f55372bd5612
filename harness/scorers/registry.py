"""Names in a suite -> scorers. A new scorer is a new module and one line here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import parse_yaml, read_text, suggest
from harness.core.protocols import Scorer
from harness.core.taxonomy import Taxonomy
from harness.core.ticket import InputKind
from harness.corpus import Corpus
from harness.scorers.calibration import CalibrationScorer
from harness.scorers.cost import CostScorer
from harness.scorers.custom import FunctionScorer
from harness.scorers.freshness import FreshnessScorer
from harness.scorers.generic import PassScorer, exact, regex_judge, schema_judge
from harness.scorers.grounding import GroundingScorer
from harness.scorers.latency import LatencyScorer
from harness.scorers.ranking import RankingScorer
from harness.scorers.retrieval import RetrievalScorer
from harness.scorers.review import ReviewScorer
from harness.scorers.routing import RoutingScorer
from harness.stats import Estimator


@dataclass(frozen=True)
class ScorerContext:
    """What scorers are made from."""

    taxonomy: Taxonomy | None
    corpus: Corpus
    kind: InputKind
    as_of: str | None
    estimator: Estimator
    folder: Path
    where: str

    def need_taxonomy(self, scorer: str) -> Taxonomy:
        """The taxonomy, or a UsageError that the scorer needs one."""
        if self.taxonomy is None:
            raise UsageError(
                f"scorer {scorer!r} needs a taxonomy", where=self.where, fix="add `taxonomy:` to the suite"
            )
        return self.taxonomy


Options = dict[str, Any]


def _routing(context: ScorerContext, options: Options) -> Scorer:
    return RoutingScorer(taxonomy=context.need_taxonomy("routing"), estimator=context.estimator)


def _cost(context: ScorerContext, options: Options) -> Scorer:
    return CostScorer(taxonomy=context.need_taxonomy("cost"), estimator=context.estimator)


def _calibration(context: ScorerContext, options: Options) -> Scorer:
    bins = options.pop("bins", 10)
    if not isinstance(bins, int) or isinstance(bins, bool) or not 1 <= bins <= 1000:
        raise UsageError(
            f"calibration: bins is {bins!r}", where=context.where, fix="give a whole number from 1 to 1000"
        )
    return CalibrationScorer(estimator=context.estimator, bins=bins)


def _grounding(context: ScorerContext, options: Options) -> Scorer:
    return GroundingScorer(corpus=context.corpus, kind=context.kind, as_of=context.as_of, estimator=context.estimator)


def _freshness(context: ScorerContext, options: Options) -> Scorer:
    return FreshnessScorer(corpus=context.corpus, kind=context.kind, estimator=context.estimator)


def _retrieval(context: ScorerContext, options: Options) -> Scorer:
    return RetrievalScorer(estimator=context.estimator)


def _review(context: ScorerContext, options: Options) -> Scorer:
    return ReviewScorer(estimator=context.estimator)


def _ranking(context: ScorerContext, options: Options) -> Scorer:
    return RankingScorer(estimator=context.estimator, corpus=context.corpus)


def _latency(context: ScorerContext, options: Options) -> Scorer:
    return LatencyScorer(estimator=context.estimator)


def _exact(context: ScorerContext, options: Options) -> Scorer:
    return PassScorer(name="exact", judge=exact, needs_expected=True, estimator=context.estimator)


def _regex(context: ScorerContext, options: Options) -> Scorer:
    pattern = options.pop("pattern", None)
    try:
        compiled = re.compile(pattern if isinstance(pattern, str) else _missing(context, "regex", "pattern"))
    except re.error as error:
        raise UsageError(f"regex: {error}", where=context.where, fix="correct the pattern") from None
    return PassScorer(name="regex", judge=regex_judge(compiled), needs_expected=False, estimator=context.estimator)


def _json_schema(context: ScorerContext, options: Options) -> Scorer:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    schema = options.pop("schema", None)
    if isinstance(schema, str):
        path = context.folder / schema
        schema, _ = parse_yaml(read_text(path, what="JSON Schema"), where=path)
    if not isinstance(schema, Mapping):
        _missing(context, "json_schema", "schema")
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"json_schema: {error.message}", where=context.where, fix="correct the schema") from None
    judge = schema_judge(schema)
    return PassScorer(name="json_schema", judge=judge, needs_expected=False, estimator=context.estimator)


def _missing(context: ScorerContext, scorer: str, option: str) -> Any:
    raise UsageError(f"{scorer} needs `{option}`", where=context.where, fix=f"write `- {scorer}: {{{option}: …}}`")


_MAKERS: dict[str, Callable[[ScorerContext, Options], Scorer]] = {
    "routing": _routing,
    "cost": _cost,
    "calibration": _calibration,
    "grounding": _grounding,
    "freshness": _freshness,
    "retrieval": _retrieval,
    "ranking": _ranking,
    "review": _review,
    "latency": _latency,
    "exact": _exact,
    "regex": _regex,
    "json_schema": _json_schema,
}
NAMES = tuple(_MAKERS)
"""Scorers that a suite can name; `module:function` stands for one's own."""


def make_scorer(
    entry: str | Mapping[str, Any], *, context: ScorerContext, import_function: Callable[[str], Callable[..., Any]]
) -> Scorer:
    """The scorer of one entry of a suite: a name, `module:function`, or {name: options}."""
    if isinstance(entry, str):
        name, options = entry, Options()
    elif len(entry) == 1:
        name, given = next(iter(entry.items()))
        options = dict(given or {})
    else:
        raise UsageError(f"{dict(entry)!r} names {len(entry)} scorers", where=context.where, fix="one a list item")
    if ":" in name:
        scorer: Scorer = FunctionScorer(
            import_function(name), name=name.rpartition(":")[2], estimator=context.estimator
        )
    elif name in _MAKERS:
        scorer = _MAKERS[name](context, options)
    else:
        raise UsageError(f"unknown scorer {name!r}", where=context.where, fix=suggest(name, list(NAMES)))
    if options:
        raise UsageError(f"scorer {name!r} has no option {min(options)!r}", where=context.where, fix="take it out")
    return scorer
