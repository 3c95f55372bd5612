"""`harness index`: build the index of a suite's corpora."""

from pathlib import Path

import click

from harness.cli.options import set_option, suite_argument


@click.command("index")
@suite_argument
@click.option("--rebuild", is_flag=True, help="Build it anew even where it is there.")
@set_option
def index(*, suite: Path, rebuild: bool, overrides: tuple[str, ...]) -> None:
    """Build the index of SUITE's corpora, where it isn't there yet."""
    from harness.build.plan import planned
    from harness.build.solver import build_index, default_home

    plan = planned(suite, overrides=overrides)
    built = build_index(plan, home=default_home(), rebuild=rebuild)
    passages = len(list(plan.corpus.passages()))
    click.echo(f"{built.folder}: {passages} passages, {plan.suite.retrieval.embeddings}")
