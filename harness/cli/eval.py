"""`harness eval`: run a suite and show what it came to."""

from pathlib import Path

import click

from harness.cli.options import (
    base_url_option,
    call_overrides,
    deadline_option,
    json_option,
    model_option,
    prompt_option,
    retries_option,
    set_option,
    suite_argument,
)
from harness.cli.progress import show_doubts, show_progress


@click.command("eval")
@suite_argument
@model_option
@base_url_option
@prompt_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N samples.")
@click.option("--sample-id", "sample_ids", multiple=True, metavar="ID", help="Only this sample; may be repeated.")
@click.option("--concurrency", type=click.IntRange(1, 1000), metavar="N", help="Trials at once.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of trials and intervals.")
@retries_option
@deadline_option
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Cassette that gets every reply.")
@click.option("--fill", is_flag=True, help="With --record: replay what FILE has, ask and record only the rest.")
@click.option("--cache", is_flag=True, help="Use replies to equal calls of earlier runs; keep this run's.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Run folder; default reports/<run-id>.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an interrupted run.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress and no tables, only errors.")
@set_option
@click.option("--dry-run", is_flag=True, help="Check everything and say what would run; write nothing.")
@click.pass_context
def evaluate(
    context: click.Context,
    *,
    suite: Path,
    model: str | None,
    base_url: str | None,
    prompt: Path | None,
    limit: int | None,
    sample_ids: tuple[str, ...],
    concurrency: int | None,
    seed: int | None,
    max_retries: int | None,
    deadline: float | None,
    record: Path | None,
    fill: bool,
    cache: bool,
    out: Path | None,
    resume: Path | None,
    as_json: bool,
    quiet: bool,
    overrides: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Run SUITE and score it; the exit code says what it came to."""
    from harness.build.api import run_plan
    from harness.build.plan import planned

    if resume is not None and out is not None:
        raise click.UsageError("--resume writes into its own folder: leave --out out")
    plan = planned(
        suite,
        model=model,
        prompt=prompt,
        limit=limit,
        sample_ids=sample_ids,
        concurrency=concurrency,
        seed=seed,
        overrides=call_overrides(overrides, base_url=base_url, max_retries=max_retries, deadline=deadline),
        record=record,
        fill=fill,
        cache=cache,
    )
    show_doubts(plan)
    if dry_run:
        _show_plan(plan.describe(), as_json=as_json)
        return
    with show_progress(quiet=quiet) as progress:
        run = run_plan(plan, out=resume or out, resume=resume is not None, progress=progress)
    if as_json:
        click.echo((run.path / "metrics.json").read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        from harness.reporting import print_run

        print_run(run, taxonomy=run.taxonomy)
    if run.info["interrupted"]:
        click.echo(f"harness: go on with `harness eval {suite} --resume {run.path}` and the same flags", err=True)
    context.exit(int(run.exit_code))


def _show_plan(described: dict[str, object], *, as_json: bool) -> None:
    import json

    if as_json:
        click.echo(json.dumps(described, indent=2, ensure_ascii=False))
        return
    click.echo("would run (nothing is written):")
    for key, value in described.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else "–" if value is None else str(value)
        click.echo(f"  {key:<12} {text}")
