"""Options that several commands share."""

import json
from pathlib import Path

import click

suite_argument = click.argument("suite", type=click.Path(path_type=Path))
model_option = click.option(
    "--model",
    metavar="ID",
    help="reader, persona:NAME, cassette:FILE, provider/model or openai-compatible/model; replaces the suite's.",
)
base_url_option = click.option("--base-url", metavar="URL", help="Server of an OpenAI-compatible model.")
retries_option = click.option(
    "--max-retries", type=click.IntRange(0, 20), metavar="N", help="Attempts after a failed call; 0 means none."
)
deadline_option = click.option(
    "--deadline",
    type=click.FloatRange(0, 36000, min_open=True),
    metavar="S",
    help="Seconds for a model call with all its retries.",
)
prompt_option = click.option(
    "--prompt", type=click.Path(path_type=Path), metavar="FILE", help="Prompt file; replaces the suite's."
)
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Replace one value, e.g. retrieval.incidents=4."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to standard output.")
metric_option = click.option(
    "--metric", metavar="NAME", help="Metric that decides; default cost.per_ticket, else routing.accuracy."
)
margin_option = click.option(
    "--margin",
    type=float,
    metavar="X",
    help="How much worse B may be, in the metric's unit; also asks if A and B are equivalent.",
)
require_option = click.option(
    "--require",
    type=click.Choice(["better", "not-worse"]),
    help="Make it a gate on B: exit 0 if shown, 1 if the opposite is, 7 if neither.",
)
show_option = click.option(
    "--show", type=click.Choice(["flips"]), help="List the samples that only one side gets right."
)


def call_overrides(
    overrides: tuple[str, ...], *, base_url: str | None, max_retries: int | None = None, deadline: float | None = None
) -> tuple[str, ...]:
    """`overrides` and the flags that stand for a value of the suite each."""
    found = list(overrides)
    if base_url is not None:
        found.append(f"model_parameters.base_url={json.dumps(base_url)}")
    if max_retries is not None:
        found.append(f"calls.max_retries={max_retries}")
    if deadline is not None:
        found.append(f"calls.deadline={deadline}")
    return tuple(found)
