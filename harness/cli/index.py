"""`harness index`: build the index of a suite's corpora, or see whether it is whole."""

from pathlib import Path

import click

from harness.cli.options import set_option, suite_argument
from harness.cli.progress import show_doubts
from harness.core.errors import Exit


@click.command("index")
@suite_argument
@click.option(
    "--check", "only_check", is_flag=True, help="Build nothing: say whether what is there is whole; exit 1 if not."
)
@click.option("--rebuild", is_flag=True, help="Build it anew even where it is there.")
@set_option
@click.pass_context
def index(context: click.Context, *, suite: Path, only_check: bool, rebuild: bool, overrides: tuple[str, ...]) -> None:
    """Build the index of SUITE's corpora, where it isn't there yet; what an older index has is taken from there."""
    from harness.build.plan import planned
    from harness.build.solver import build_index, check_built, default_home
    from harness.core.errors import UsageError
    from harness.reporting.text import clean_line, count

    if only_check and rebuild:
        raise UsageError("--check builds nothing, --rebuild does", where="--check", fix="give one of them")
    plan = planned(suite, overrides=overrides)
    show_doubts(plan)
    passages = count(len(list(plan.corpus.passages())), "passage")
    if only_check:
        findings = check_built(plan, home=default_home())
        for finding in findings:
            click.echo(clean_line(finding))
        if not findings:
            click.echo(f"checked: {passages}, {plan.suite.retrieval.embeddings}, no findings")
        context.exit(int(Exit.FINDINGS if findings else Exit.OK))
    built = build_index(plan, home=default_home(), rebuild=rebuild)
    built.tidy()
    rows = built.manifest.policies + built.manifest.incidents
    how = plan.suite.retrieval.embeddings if built.embedder is not None else "words only"
    click.echo(f"{built.folder}: {passages}, {how}, {rows:,} distinct")
