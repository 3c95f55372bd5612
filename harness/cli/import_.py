"""`harness import`: data of other people, made into suites."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option

if TYPE_CHECKING:
    from harness.workflows.importers import Imported

_FILE = click.Path(path_type=Path)


@click.group("import")
def import_() -> None:
    """Make a suite from data of other people."""


@import_.command("routing")
@click.option("--train", type=_FILE, required=True, metavar="FILE", help="Becomes the past incidents.")
@click.option("--test", type=_FILE, metavar="FILE", help="Becomes the samples; without it a fifth of the texts does.")
@click.option("--out", type=_FILE, required=True, metavar="DIR", help="A new folder.")
@click.option("--oos", metavar="LABEL", help="The label that means none of them: the right action is a review.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another one makes another split."
)
@json_option
def routing(*, train: Path, test: Path | None, out: Path, oos: str | None, seed: int, as_json: bool) -> None:
    """Make a suite from labelled texts: JSON Lines or CSV with text and label, gzipped or not.

    Writes taxonomy.yaml, incidents.jsonl, samples.jsonl, prompt.md and suite.yaml. Without --test a hash of the text
    says which texts are the test, so that equal texts stay together and the order of rows changes nothing.
    """
    from harness.workflows.importers import import_routing

    made = import_routing(train=train, test=test, out=out, oos=oos, seed=seed)
    if as_json:
        click.echo(json.dumps(_json(made), ensure_ascii=False))
        return
    for line in _lines(made):
        click.echo(line)


def _json(made: "Imported") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(made), "folder": str(made.folder)}


def _lines(made: "Imported") -> list[str]:
    from harness.reporting.text import clean_line, count

    outside = f", {made.out_of_scope:,} of them out of scope" if made.out_of_scope else ""
    lines = [f"{count(made.labels, 'label')}, {made.incidents:,} incidents, {made.samples:,} test samples{outside}"]
    if made.repeated:
        lines.append(f"{count(made.repeated, 'row')} left out: text and label of an earlier row")
    if made.leaked:
        lines.append(f"{count(made.leaked, 'training row')} left out: the text stands in the test")
    if made.outside:
        lines.append(f"{count(made.outside, 'training row')} left out: out of scope")
    return [clean_line(line) for line in [*lines, f"next: harness eval {made.folder / 'suite.yaml'}"]]
