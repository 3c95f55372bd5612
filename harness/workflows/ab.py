"""A/B: run a suite with two prompts or two models, and compare the runs."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from harness.build.api import run_plan
from harness.build.plan import Plan, planned
from harness.core.errors import UsageError
from harness.core.files import write_atomic
from harness.core.hashing import derive_seed
from harness.evaluation import Comparison, Progress, Run
from harness.reporting import comparison_json
from harness.workflows.compare import check_margin, check_metric, compare
from harness.workflows.folders import own_folder

Watch = Callable[[str, Plan], AbstractContextManager[Progress | None]]
"""Given a side's name, A or B, and what it runs, the progress to tell while it runs."""


@dataclass(frozen=True)
class AB:
    """Both runs in `folder`, and their comparison; None for what an interruption left out."""

    folder: Path
    a: Run
    b: Run | None
    comparison: Comparison | None


def run_ab(
    suite: Path,
    *,
    prompts: Sequence[Path] = (),
    models: Sequence[str] = (),
    limit: int | None = None,
    trials: int | None = None,
    concurrency: int | None = None,
    seed: int | None = None,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    metric: str | None = None,
    margin: float | None = None,
    watch: Watch = lambda _name, _plan: nullcontext(),
) -> AB:
    """Run `suite` with two prompts, or two models, into `out`/a and `out`/b, and write `out`/comparison.json.

    The suite's gates and baselines are left out of both: the comparison is what decides, and a baseline would only be
    run twice. B's trials have other seeds than A's, derived from them, so that an A/A comparison has independent trials.
    Raises UsageError before anything is run; afterwards both runs stay, whatever becomes of the comparison.
    """
    check_margin(margin)
    fixed = [*overrides, "baselines=[]", "gates=[]", *([f"trials={trials}"] if trials is not None else [])]
    sides = _two(prompts, models)

    def side(index: int, seed: int | None) -> Plan:
        prompt, model = sides[index]
        return planned(
            suite, model=model, prompt=prompt, limit=limit, concurrency=concurrency, seed=seed, overrides=fixed
        )

    plan_a = side(0, seed)
    plan_b = side(1, derive_seed("ab", plan_a.suite.seed, "b"))
    _check_differ(plan_a, by="prompt" if len(prompts) == 2 else "model")
    _check_metric(plan_a, metric)
    folder = own_folder(out, name=f"{plan_a.suite.name}-ab")
    with watch("A", plan_a) as progress:
        run_a = run_plan(plan_a, out=folder / "a", progress=progress)
    if run_a.info["interrupted"]:
        return AB(folder, run_a, None, None)
    with watch("B", plan_b) as progress:
        run_b = run_plan(plan_b, out=folder / "b", progress=progress)
    if run_b.info["interrupted"]:
        return AB(folder, run_a, run_b, None)
    comparison = compare(run_a.path, run_b.path, metric=metric, margin=margin)
    text = json.dumps(comparison_json(comparison), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(folder / "comparison.json", text + "\n")
    return AB(folder, run_a, run_b, comparison)


def _two(prompts: Sequence[Path], models: Sequence[str]) -> list[tuple[Path | None, str | None]]:
    """Prompt and model of A and B: two of one kind, and at most one of the other, which both share."""
    if len(prompts) == 2 and len(models) < 2:
        return [(prompt, models[0] if models else None) for prompt in prompts]
    if len(models) == 2 and len(prompts) < 2:
        return [(prompts[0] if prompts else None, model) for model in models]
    raise UsageError(
        f"{len(prompts)} --prompt and {len(models)} --model don't make two sides",
        where="harness ab",
        fix="give --prompt twice (and --model at most once), or --model twice (and --prompt at most once)",
    )


def _check_differ(plan: Plan, *, by: str) -> None:
    """A solver that reads no prompt or model would do the same twice."""
    if (plan.prompt if by == "prompt" else plan.spec) is None:
        raise UsageError(
            f"solver {plan.suite.solver!r} takes no {by}, so A and B would be the same",
            where=f"--{by}",
            fix="run each solver with `harness eval` and compare the runs with `harness compare`",
        )


def _check_metric(plan: Plan, metric: str | None) -> None:
    """A metric that nobody can give is found before anything is run; what users' own functions give isn't known yet."""
    names = [one.name for scorer in plan.scorers for one in scorer.metrics([]) if one.fact and one.label is None]
    own = any(isinstance(entry, str) and ":" in entry for entry in plan.suite.scorers)
    if not own:
        check_metric(metric, names, where=plan.suite.path)
