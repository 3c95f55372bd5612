"""Everything a run needs, read and checked, before a model is loaded or a file written."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.build.functions import import_function
from harness.core.errors import UsageError
from harness.core.files import suggest
from harness.core.protocols import Scorer
from harness.core.taxonomy import Taxonomy, load_taxonomy
from harness.core.types import Sample
from harness.corpus import Corpus, load_corpus
from harness.evalsets import EvalSet, load_eval_set
from harness.evaluation.gates import Gate, parse_gate
from harness.evaluation.solvers import CommandSolverSpec, HttpSolverSpec
from harness.evaluation.suite import Suite, amend_suite, load_suite
from harness.models import COMPATIBLE, ModelSpec, check_parameters, describe_model
from harness.prompts import Prompt, load_prompt
from harness.scorers import ScorerContext, make_scorer
from harness.stats import Estimator

BASELINE = "baseline:"
PARTS = ("search", "verify")
"""Parts of the agent that can be measured alone."""
_NOT_FOR_BASELINES = frozenset({"latency"})


@dataclass(frozen=True)
class Plan:
    """A checked suite. `prompt` and `spec` are None where the solver uses no model.

    With `record` every reply is written to a cassette, with `fill` only what it hasn't yet; with `cache` replies to equal
    calls of earlier runs are used.
    """

    suite: Suite
    taxonomy: Taxonomy | None
    corpus: Corpus
    eval_set: EvalSet
    samples: tuple[Sample, ...]
    scorers: tuple[Scorer, ...]
    gates: tuple[Gate, ...]
    prompt: Prompt | None
    spec: ModelSpec | None
    estimator: Estimator
    record: Path | None = None
    fill: bool = False
    cache: bool = False

    @cached_property
    def baselines(self) -> tuple[str, ...]:
        """Names of the baselines to run beside the solver, each once."""
        gated = [gate.baseline for gate in self.gates if gate.baseline is not None]
        return tuple(dict.fromkeys([*self.suite.baselines, *gated]))

    @cached_property
    def baseline_scorers(self) -> tuple[Scorer, ...]:
        """The scorers that judge a baseline: the suite's own but its users' functions, which may cost money."""
        named = [entry for entry in self.suite.scorers if isinstance(entry, str) and ":" in entry]
        own = {name.rpartition(":")[2] for name in named}
        return tuple(scorer for scorer in self.scorers if scorer.name not in own | _NOT_FOR_BASELINES)

    def describe(self) -> dict[str, object]:
        """What would run, for `--dry-run`."""
        suite = self.suite
        return {
            "suite": str(suite.path),
            "samples": f"{len(self.samples)} of {len(self.eval_set.samples)} (split {suite.split or 'any'})",
            "trials": suite.trials,
            "solver": suite.solver_name,
            "model": self.spec.id if self.spec else None,
            "contacts": self.contacts,
            "prompt": str(self.prompt.path) if self.prompt else None,
            "corpora": f"{len(self.corpus.policies)} policy versions, {len(self.corpus.incidents)} incidents",
            "scorers": [scorer.name for scorer in self.scorers],
            "baselines": list(self.baselines),
            "gates": [gate.text for gate in self.gates],
            "concurrency": self.concurrency,
            "seed": suite.seed,
        }

    @property
    def contacts(self) -> str:
        """Whom the model's calls go to."""
        if self.spec is None or self.spec.in_process:
            return "nobody"
        return str(self.suite.model_parameters.get("base_url") or self.spec.provider)

    @property
    def concurrency(self) -> int:
        """Trials at once: the suite's figure, else 8 over a network, one a core for commands, and 1 in process."""
        if self.suite.concurrency is not None:
            return self.suite.concurrency
        if isinstance(self.suite.solving, CommandSolverSpec):
            return os.cpu_count() or 1
        remote = self.spec is not None and not self.spec.in_process
        return 8 if remote or isinstance(self.suite.solving, HttpSolverSpec) else 1

    @cached_property
    def seen_labels(self) -> tuple[str, ...]:
        """Labels known before the test: of the incidents, else of the samples of splits that are not evaluated."""
        if self.corpus.incidents:
            return tuple(incident.label for incident, _ in self.corpus.incidents)
        chosen = {sample.id for sample in self.samples}
        rest = [s for s in self.eval_set.samples if s.id not in chosen and s.split in {"dev", "train"}]
        return tuple(sample.target.label for sample in rest if sample.target.label is not None)


def planned(
    suite: Suite | Path | str,
    *,
    model: str | None = None,
    prompt: Path | str | None = None,
    limit: int | None = None,
    sample_ids: Sequence[str] = (),
    concurrency: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    record: Path | str | None = None,
    fill: bool = False,
    cache: bool = False,
) -> Plan:
    """The plan of a suite (a path, or one already loaded) after what a caller replaces in it."""
    given = {"model": model, "concurrency": concurrency, "seed": seed}
    changed = {key: value for key, value in given.items() if value is not None}
    if not isinstance(suite, Suite):
        suite = load_suite(suite, overrides=overrides, replace=changed)
    elif changed or overrides:
        suite = amend_suite(suite, overrides=overrides, replace=changed)
    plan = make_plan(suite, prompt=Path(prompt) if prompt is not None else None, sample_ids=sample_ids, limit=limit)
    if (record is not None or cache) and plan.spec is None:
        what = f"solver {suite.solver_name!r} asks no model of this harness"
        raise UsageError(what, where="--record" if record is not None else "--cache", fix="leave the flag out")
    if fill and record is None:
        raise UsageError("there is no cassette to fill", where="--fill", fix="name it with --record FILE")
    return replace(plan, record=Path(record) if record is not None else None, fill=fill, cache=cache)


def make_plan(
    suite: Suite,
    *,
    prompt: Path | None = None,
    sample_ids: Sequence[str] = (),
    limit: int | None = None,
) -> Plan:
    """Read and check all that the suite names; the first mistake is a UsageError. `prompt` overrides the suite's."""
    where = str(suite.path)
    taxonomy = load_taxonomy(suite.resolve(suite.taxonomy)) if suite.taxonomy else None
    policies, incidents = suite.corpora.policies, suite.corpora.incidents
    corpus = load_corpus(
        policies=suite.resolve(policies) if policies else None,
        incidents=suite.resolve(incidents) if incidents else None,
        taxonomy=taxonomy,
    )
    eval_set = load_eval_set(suite.resolve(suite.eval_set), taxonomy=taxonomy, kind=suite.input)
    estimator = Estimator(seed=suite.seed, level=suite.level, resamples=suite.resamples)
    context = scorer_context(suite, taxonomy=taxonomy, corpus=corpus, estimator=estimator)
    find: Callable[[str], Callable[..., Any]] = lambda name: import_function(  # noqa: E731
        name, folder=suite.path.parent, where=where
    )
    scorers = tuple(make_scorer(entry, context=context, import_function=find) for entry in suite.scorers)
    _refuse_twice([scorer.name for scorer in scorers], where=where)
    plan = Plan(
        suite=suite,
        taxonomy=taxonomy,
        corpus=corpus,
        eval_set=eval_set,
        samples=eval_set.select(split=suite.split, ids=sample_ids or suite.sample_ids, limit=limit),
        scorers=scorers,
        gates=tuple(parse_gate(text) for text in suite.gates),
        prompt=_prompt(suite, prompt),
        spec=_spec(suite) if suite.solver == "triage" else None,
        estimator=estimator,
    )
    _check_solver(plan)
    return plan


def _spec(suite: Suite) -> ModelSpec:
    """The model that the suite names, with what can be told of it without making it."""
    spec, calls = describe_model(suite.model), suite.calls
    check_parameters(suite.model_parameters, spec, where=suite.path)
    if calls.probabilities == "logprobs" and calls.structured == "tool":
        what = "calls: log-probabilities come with text, not with tool calls"
        raise UsageError(what, where=suite.path, fix="set `structured: json_schema`, `text` or `auto`")
    if calls.api == "responses" and spec.provider not in {None, "openai", COMPATIBLE}:
        what, fix = f"calls.api: {spec.provider} has no responses API", "leave `api` out"
        raise UsageError(what, where=suite.path, fix=fix)
    if calls.api == "responses" and spec.kind == "provider" and calls.probabilities == "logprobs":
        what = "calls: LangChain gives no log-probabilities of the responses API"
        raise UsageError(what, where=suite.path, fix=f"set `api: chat`, or use {COMPATIBLE}/{spec.name}")
    if spec.kind == "persona":
        from harness.models.personas import load_persona

        load_persona(spec.name, folder=suite.path.parent)
    if calls.prices is not None:
        from harness.models.prices import load_prices

        load_prices(suite.resolve(calls.prices))
    return spec


def scorer_context(suite: Suite, *, taxonomy: Taxonomy | None, corpus: Corpus, estimator: Estimator) -> ScorerContext:
    """What the suite's scorers are made from."""
    return ScorerContext(
        taxonomy=taxonomy,
        corpus=corpus,
        kind=suite.input,
        as_of=None if suite.retrieval.as_of is None else "created_at",  # claims are judged by the ticket's own date
        estimator=estimator,
        folder=suite.path.parent,
        where=str(suite.path),
    )


def _prompt(suite: Suite, override: Path | None) -> Prompt | None:
    if suite.solver != "triage":
        return None
    if override is None and suite.prompt is None:
        raise UsageError("solver triage needs a prompt", where=suite.path, fix="add `prompt:` or give --prompt")
    return load_prompt(override if override is not None else suite.resolve(suite.prompt or ""))


def _check_solver(plan: Plan) -> None:
    """The solver's and the baselines' names must be known, and what they need must be there."""
    from harness.agents.baselines import BASELINES, NEED_INCIDENTS

    suite = plan.suite
    solver = suite.solving if isinstance(suite.solving, str) else ""
    names = [*plan.baselines, *([solver.removeprefix(BASELINE)] if solver.startswith(BASELINE) else [])]
    for name in names:
        if name not in BASELINES:
            raise UsageError(f"unknown baseline {name!r}", where=suite.path, fix=suggest(name, list(BASELINES)))
        if name in NEED_INCIDENTS and not plan.corpus.incidents:
            what = f"baseline {name} learns from incidents, and there are none"
            raise UsageError(what, where=suite.path, fix="add `corpora: {incidents: …}`, or leave it out")
    if (names or suite.solver == "triage") and plan.taxonomy is None:
        raise UsageError("triage and baselines need a taxonomy", where=suite.path, fix="add `taxonomy:` to the suite")
    if suite.solver == "triage" and suite.input == "any":
        raise UsageError("triage reads tickets or texts", where=suite.path, fix="set `input: ticket` or `input: text`")
    if solver in PARTS and not (plan.corpus.policies or plan.corpus.incidents):
        raise UsageError(f"solver {solver} needs corpora", where=suite.path, fix="add `corpora:` to the suite")
    if solver and solver != "triage" and solver not in PARTS and ":" not in solver:
        fix = suggest(solver, ["triage", *PARTS, *(f"{BASELINE}{name}" for name in BASELINES)])
        raise UsageError(f"unknown solver {solver!r}", where=suite.path, fix=f"{fix} or module:function")


def _refuse_twice(names: list[str], *, where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"scorer {name!r} stands twice", where=where, fix="take one out")
