"""`harness knowledge`: prompt, RAG or fine-tune when policies change: one suite in four arms that know different policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import (
    base_url_option,
    call_overrides,
    json_option,
    model_option,
    prompt_option,
    set_option,
    suite_argument,
)
from harness.cli.progress import show_doubts, show_progress
from harness.core.errors import Exit

if TYPE_CHECKING:
    from harness.build.plan import Plan
    from harness.evaluation.runner import Progress


@click.command("knowledge")
@suite_argument
@model_option
@base_url_option
@prompt_option
@click.option(
    "--frozen",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day of the frozen index; default is the day of the first ticket.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N samples.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Cassette that gets every reply.")
@click.option("--fill", is_flag=True, help="With --record: replay what FILE has, ask and record only the rest.")
@click.option("--cache", is_flag=True, help="Use replies to equal calls of earlier runs; keep this run's.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Gets a run folder an arm and knowledge.json."
)
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with an interrupted experiment.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Also write a .html or .md.")
@json_option
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@set_option
@click.pass_context
def knowledge(
    context: click.Context,
    *,
    suite: Path,
    model: str | None,
    base_url: str | None,
    prompt: Path | None,
    frozen: datetime | None,
    limit: int | None,
    record: Path | None,
    fill: bool,
    cache: bool,
    out: Path | None,
    resume: Path | None,
    report: Path | None,
    as_json: bool,
    quiet: bool,
    overrides: tuple[str, ...],
) -> None:
    """Prompt, RAG or fine-tune, when policies change? Run SUITE in four arms, and tell what each knowledge is worth.

    The arms see label definitions only; all policies in force; the policies that retrieval finds; and those that it finds
    in an index frozen before the first change, which is what a model fine-tuned then would know.
    """
    from harness.reporting import check_report, print_knowledge, write_knowledge
    from harness.workflows.knowledge import FILE, Flags, plan_arms, run_knowledge

    if resume is not None and out is not None:
        raise click.UsageError("--resume writes into its own folder: leave --out out")
    if report is not None:
        check_report(report)
    flags = Flags(
        model=model,
        prompt=prompt,
        limit=limit,
        overrides=call_overrides(overrides, base_url=base_url),
        record=record,
        fill=fill,
        cache=cache,
    )
    arms = plan_arms(suite, flags, frozen=frozen.date() if frozen is not None else None)
    show_doubts(next(iter(arms.plans.values()))[1])
    done = run_knowledge(arms, out=resume or out, resume=resume is not None, watch=partial(_watch, quiet))
    if done.knowledge is None:
        again = f"go on with `harness knowledge {suite} --resume {done.folder}` and the same flags"
        click.echo(f"harness: interrupted{done.why}; {again}", err=True)
        context.exit(int(Exit.INTERRUPTED))
    if report is not None:
        write_knowledge(done.knowledge, report)
    if as_json:
        click.echo((done.folder / FILE).read_text(encoding="utf-8"), nl=False)
    else:
        print_knowledge(done.knowledge)
    context.exit(done.exit_code)


@contextmanager
def _watch(quiet: bool, title: str, plan: "Plan") -> "Iterator[Progress | None]":
    if not quiet:
        click.echo(f"{title}: {plan.spec.id if plan.spec else ''}, {len(plan.samples):,} tickets", err=True)
    with show_progress(quiet=quiet) as progress:
        yield progress
