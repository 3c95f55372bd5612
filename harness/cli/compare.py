"""`harness compare`: two runs over the same samples, and which is better."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, margin_option, metric_option, require_option, show_option

if TYPE_CHECKING:
    from harness.evaluation import Comparison
    from harness.evaluation.comparison import Requirement


@click.command("compare")
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@metric_option
@margin_option
@require_option
@show_option
@json_option
@click.pass_context
def compare(
    context: click.Context,
    *,
    run_a: Path,
    run_b: Path,
    metric: str | None,
    margin: float | None,
    require: "Requirement | None",
    show: str | None,
    as_json: bool,
) -> None:
    """Compare RUN_B with RUN_A, two run folders over the same samples, in pairs."""
    from harness.workflows.compare import compare as compare_runs

    compared = compare_runs(run_a, run_b, metric=metric, margin=margin_for(margin, require))
    show_comparison(compared, as_json=as_json, show=show)
    context.exit(int(compared.exit_code(require)))


def show_comparison(comparison: "Comparison", *, as_json: bool, show: str | None) -> None:
    """Print a comparison."""
    from harness.reporting import comparison_json, print_comparison

    if as_json:
        click.echo(json.dumps(comparison_json(comparison), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_comparison(comparison, show_flips=show == "flips")


def margin_for(margin: float | None, require: "Requirement | None") -> float | None:
    """The margin; 0 where "not worse" is required and none is given, which the output then explains."""
    return 0.0 if margin is None and require == "not-worse" else margin
