"""`harness power`: which difference a suite's samples can show, before an A/B is run."""

import json
from pathlib import Path

import click

from harness.cli.options import json_option, suite_argument


@click.command("power")
@suite_argument
@click.option(
    "--from",
    "runs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="An earlier run, two of them, or the folder of `harness ab`; tells how many pairs differ.",
)
@click.option("--metric", metavar="NAME", help="Metric of the runs; default cost.per_ticket and routing.accuracy.")
@click.option("--difference", type=float, metavar="X", help="How many samples show this much, e.g. 0.05 for 5 points?")
@click.option("--samples", type=click.IntRange(min=1), metavar="N", help="Instead of all that the suite has.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Chance of showing it.")
@click.option(
    "--discordance",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="D",
    help="Share of the pairs that differ, e.g. 0.1; without it and --from, several are gone through.",
)
@json_option
def power(
    *,
    suite: Path,
    runs: tuple[Path, ...],
    metric: str | None,
    difference: float | None,
    samples: int | None,
    power: float,
    discordance: float | None,
    as_json: bool,
) -> None:
    """Tell which difference SUITE's samples can show in pairs, and how many a difference takes."""
    from harness.reporting import power_lines
    from harness.workflows.power import plan_power

    plan = plan_power(
        suite,
        runs=runs,
        metric=metric,
        difference=difference,
        samples=samples,
        power=power,
        discordance=discordance,
    )
    if as_json:
        click.echo(json.dumps(plan.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in power_lines(plan):
        click.echo(line)
