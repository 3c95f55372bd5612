"""`harness ab`: a suite with two prompts or two models, and which is better."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.compare import margin_for, show_comparison
from harness.cli.options import (
    json_option,
    margin_option,
    metric_option,
    require_option,
    set_option,
    show_option,
    suite_argument,
)
from harness.cli.progress import show_doubts, show_progress
from harness.core.errors import Exit

if TYPE_CHECKING:
    from harness.build.plan import Plan
    from harness.evaluation.comparison import Requirement
    from harness.evaluation.runner import Progress


@click.command("ab")
@suite_argument
@click.option(
    "--prompt", "prompts", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="A's, then B's."
)
@click.option("--model", "models", multiple=True, metavar="ID", help="Once for both, or A's, then B's.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N samples.")
@click.option("--trials", type=click.IntRange(1, 1000), metavar="K", help="Repetitions of each sample.")
@click.option("--concurrency", type=click.IntRange(1, 1000), metavar="N", help="Trials at once.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of A's trials; B's is derived from it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Gets a/, b/ and comparison.json.")
@metric_option
@margin_option
@require_option
@show_option
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@set_option
@click.pass_context
def ab(
    context: click.Context,
    *,
    suite: Path,
    prompts: tuple[Path, ...],
    models: tuple[str, ...],
    limit: int | None,
    trials: int | None,
    concurrency: int | None,
    seed: int | None,
    out: Path | None,
    metric: str | None,
    margin: float | None,
    require: "Requirement | None",
    show: str | None,
    as_json: bool,
    quiet: bool,
    overrides: tuple[str, ...],
) -> None:
    """Run SUITE with two prompts (or two models) and tell which is better."""
    from harness.workflows.ab import run_ab

    @contextmanager
    def watch(name: str, plan: "Plan") -> "Iterator[Progress | None]":
        if name == "A":
            show_doubts(plan)
        if not quiet:
            click.echo(_what(name, plan), err=True)
        with show_progress(quiet=quiet) as progress:
            yield progress

    done = run_ab(
        suite,
        prompts=prompts,
        models=models,
        limit=limit,
        trials=trials,
        concurrency=concurrency,
        seed=seed,
        out=out,
        overrides=overrides,
        metric=metric,
        margin=margin_for(margin, require),
        watch=watch,
    )
    if done.comparison is None:
        side = "A" if done.b is None else "B"
        click.echo(f"harness: interrupted while {side} ran; what was finished is in {done.folder}", err=True)
        context.exit(int(Exit.INTERRUPTED))
    show_comparison(done.comparison, as_json=as_json, show=show)
    context.exit(int(done.comparison.exit_code(require)))


def _what(name: str, plan: "Plan") -> str:
    from harness.reporting.text import clean_line

    parts = [plan.spec.id if plan.spec else plan.suite.solver_name, str(plan.prompt.path) if plan.prompt else ""]
    return clean_line(f"{name}: {' · '.join(filter(None, parts))}")
