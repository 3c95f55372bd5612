"""The knowledge experiment: prompt, RAG or fine-tune, when policies change? One suite in four arms, one command.

The arms read the same tickets with the same model, prompt, scorers and seed, and differ only in the policies that stand
in the prompt: none, all that are in force, those that retrieval finds, and those that retrieval finds in an index that
was frozen before the first change, which is what a model that was fine-tuned then would know. Past incidents and look-up
tools are left out of every arm, also where a search for clauses would go by them: incidents tell labels by themselves and
would hide what the policies do, a frozen index would freeze them too, and a tool would let an arm look up what it isn't to know. Claims are held to the ticket's own date
in every arm. A prompt that shows `{{ as_of }}` tells the frozen arm how old its policies are; prompts/triage/knowledge.md
doesn't, since a fine-tuned model isn't told either.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness.build.api import run_plan
from harness.build.plan import Plan, planned
from harness.core.errors import UsageError, worst_exit
from harness.core.files import write_atomic
from harness.evaluation import Knowledge, Place, Progress, Run, read_arm, weigh_up
from harness.reporting import knowledge_json
from harness.workflows.changes import place_samples, ticket_day
from harness.workflows.folders import own_folder

Watch = Callable[[str, Plan], AbstractContextManager[Progress | None]]
"""Given an arm's title and what it runs, the progress to tell while it runs."""

_SCORERS = ("routing", "cost", "freshness", "retrieval", "latency")
_SAME = ("gates=[]", "baselines=[]", "retrieval.incidents=0", "retrieval.precedents=false", "calls.tools=false")
FILE = "knowledge.json"
_NOT_EMPTY = "give --out a new folder, or go on with it: --resume"


@dataclass(frozen=True)
class Experiment:
    """The runs of the arms in `folder`, by name, and what they came to; None where an interruption left arms out."""

    folder: Path
    runs: Mapping[str, Run]
    knowledge: Knowledge | None

    @property
    def why(self) -> str:
        """What ended it early, with a colon before it; empty where that was its user."""
        stopped = next((str(run.info["stopped"]) for run in self.runs.values() if run.info.get("stopped")), "")
        return f": {stopped}" if stopped else ""

    @property
    def exit_code(self) -> int:
        """The worst of the arms'."""
        return int(worst_exit({run.exit_code for run in self.runs.values()}))


@dataclass(frozen=True)
class Arms:
    """What will be run: title and plan of each arm by its name, and where each sample stands to a change."""

    plans: Mapping[str, tuple[str, Plan]]
    places: Mapping[str, Place]
    frozen: date


@dataclass(frozen=True)
class Flags:
    """What a caller replaces in the suite, in every arm alike; as in `build.plan.planned`."""

    model: str | None = None
    prompt: Path | None = None
    limit: int | None = None
    overrides: Sequence[str] = ()
    record: Path | None = None
    fill: bool = False
    cache: bool = False


def plan_arms(suite: Path, flags: Flags, *, frozen: date | None = None) -> Arms:
    """The four arms, checked. `frozen` is the day of the frozen index; default is the day of the first ticket.

    UsageError where the arms could not differ: no policies, tickets without dates, no cluster of tickets around a
    change, or a prompt that shows no policies.
    """
    base = _plan(suite, flags, ())
    _check(base)
    settings, kind = base.suite.retrieval, base.suite.input
    samples = [sample for sample in base.eval_set.samples if base.suite.split in (None, sample.split)]
    days = [day for day in (ticket_day(sample, kind=kind) for sample in samples) if day is not None]
    places = place_samples(samples, base.corpus, kind=kind)
    if not places:
        what = "no tickets of one cluster lie on either side of a change of a policy that they cite"
        fix = "give pairs of tickets one `cluster`, with dates around the change; eval_sets/freshness shows how"
        raise UsageError(what, where=base.eval_set.path, fix=fix)
    day = frozen or min(days)
    if not any(policy.in_force(day) for policy in base.corpus.policies):
        what, fix = f"no policy is in force on {day}", "give a day on which there are some"
        raise UsageError(what, where="--frozen", fix=fix)
    named = {entry if isinstance(entry, str) else next(iter(entry), "") for entry in base.suite.scorers}
    scorers = [*base.suite.scorers, *(name for name in _SCORERS if name not in named)]
    same = [*_SAME, f"scorers={json.dumps(scorers)}"]
    found = f"retrieval.policies={settings.policies}"
    arms = {
        "definitions": ("definitions", ("retrieval.policies=0", "retrieval.as_of=created_at")),
        "all_policies": ("all policies (prompt)", ("retrieval.policies=all", "retrieval.as_of=created_at")),
        "retrieval": ("retrieval (RAG)", (found, "retrieval.as_of=created_at")),
        "frozen": ("frozen (fine-tune)", (found, f"retrieval.as_of={day}")),
    }
    plans = {name: (title, _plan(suite, flags, (*same, *own))) for name, (title, own) in arms.items()}
    return Arms(plans, places, day)


def _plan(suite: Path, flags: Flags, overrides: Sequence[str]) -> Plan:
    return planned(
        suite,
        model=flags.model,
        prompt=flags.prompt,
        limit=flags.limit,
        overrides=[*flags.overrides, *overrides],
        record=flags.record,
        fill=flags.fill,
        cache=flags.cache,
    )


def _check(plan: Plan) -> None:
    """Refuse a suite whose arms would all be the same."""
    suite, where = plan.suite, plan.suite.path
    if suite.solver != "triage":
        what = f"solver {suite.solver_name!r} takes no policies from the suite, so the arms would be the same"
        raise UsageError(what, where=where, fix="use a suite with `solver: triage`")
    if not plan.corpus.policies:
        raise UsageError("no policies, so there is nothing to know", where=where, fix="add `corpora.policies`")
    if suite.input != "ticket":
        what = f"its samples are of `input: {suite.input}` and have no date"
        raise UsageError(what, where=where, fix="give dated tickets (`input: ticket`)")
    assert plan.prompt is not None
    if "policies" not in plan.prompt.variables:
        what, fix = "this prompt shows no policies, so the arms would be the same", "put {{ policies }} into it"
        raise UsageError(what, where=plan.prompt.path, fix=fix)
    if suite.retrieval.policies in (0, "all"):
        what = f"retrieval.policies is {suite.retrieval.policies}, so the arm with retrieval would be another arm"
        raise UsageError(what, where=where, fix="give a number of clauses, e.g. --set retrieval.policies=6")


def run_knowledge(
    arms: Arms,
    *,
    out: Path | None = None,
    resume: bool = False,
    watch: Watch = lambda _title, _plan: nullcontext(),
) -> Experiment:
    """Run every arm into a folder of its own below `out`, and write `out`/knowledge.json.

    With `resume`, `out` is the folder of an experiment that was interrupted: what its arms have is kept, provided that
    they were made from the same; what is missing or errored is asked again. UsageError otherwise.
    """
    first = next(iter(arms.plans.values()))[1]
    folder = _taken_up(out, arms) if resume else own_folder(out, name=f"{first.suite.name}-knowledge", fix=_NOT_EMPTY)
    runs: dict[str, Run] = {}
    for name, (title, plan) in arms.plans.items():
        begun = resume and _began(folder / name)
        with watch(title, plan) as progress:
            runs[name] = run_plan(plan, out=folder / name, resume=begun, progress=progress)
        if runs[name].info["interrupted"]:
            return Experiment(folder, runs, None)
    read = [read_arm(name, title, folder / name) for name, (title, _) in arms.plans.items()]
    knowledge = weigh_up(
        read, places=arms.places, frozen=arms.frozen, estimator=first.estimator, trials=first.suite.trials
    )
    text = json.dumps(knowledge_json(knowledge), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(folder / FILE, text + "\n")
    return Experiment(folder, runs, knowledge)


def _began(folder: Path) -> bool:
    """Whether an arm has a journal to go on with; one that was killed before it had is begun anew."""
    if (folder / "samples.jsonl").is_file():
        return True
    (folder / "manifest.json").unlink(missing_ok=True)
    return False


def _taken_up(out: Path | None, arms: Arms) -> Path:
    if out is None or not any((out / name).is_dir() for name in arms.plans):
        fix = "name the folder that `harness knowledge` wrote"
        raise UsageError("no arm of an experiment in it", where=out, fix=fix)
    return out
