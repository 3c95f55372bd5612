"""Options that several commands share."""

from pathlib import Path

import click

suite_argument = click.argument("suite", type=click.Path(path_type=Path))
model_option = click.option("--model", metavar="ID", help="reader, or provider/model; replaces the suite's.")
prompt_option = click.option(
    "--prompt", type=click.Path(path_type=Path), metavar="FILE", help="Prompt file; replaces the suite's."
)
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Replace one value, e.g. retrieval.incidents=4."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, to standard output.")
