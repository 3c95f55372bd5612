"""`harness`: commands, and what every error comes to: one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence

import click

from harness.cli.ab import ab
from harness.cli.check import check
from harness.cli.compare import compare
from harness.cli.doctor import doctor
from harness.cli.eval import evaluate
from harness.cli.import_ import import_
from harness.cli.index import index
from harness.cli.knowledge import knowledge
from harness.cli.modes import modes
from harness.cli.personas import personas
from harness.cli.power import power
from harness.cli.retrieve import retrieve
from harness.cli.schema import schema
from harness.cli.search import search
from harness.cli.stub_server import stub_server
from harness.cli.taxonomy import taxonomy
from harness.cli.triage import triage
from harness.core.errors import Exit, InfrastructureError, NoSamplesError, UsageError, one_line
from harness.core.secrets import scrub
from harness.core.telemetry import switch_off
from harness.core.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="harness")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Tells whether an LLM or RAG agent is right, safe and worth its cost.

    Exit codes: 0 fine, 1 a gate failed or findings, 2 interrupted, 3 internal error, 4 usage or configuration,
    5 no samples, 6 coverage below its floor, 7 inconclusive.
    """


for command in (
    ab,
    check,
    compare,
    doctor,
    evaluate,
    import_,
    index,
    knowledge,
    modes,
    personas,
    power,
    retrieve,
    schema,
    search,
    stub_server,
    taxonomy,
    triage,
):
    cli.add_command(command)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    args = list(sys.argv[1:] if argv is None else argv)
    sys.exit(int(run([arg for arg in args if arg != "--debug"], debug="--debug" in args)))


def run(args: Sequence[str], *, debug: bool = False) -> int:
    """The exit code of one call; errors are printed as one line on standard error."""
    switch_off(os.environ)
    try:
        result = cli.main(args=list(args), prog_name="harness", standalone_mode=False)
        return int(result) if isinstance(result, int) else Exit.OK
    except Exception as error:
        if debug:
            click.echo(scrub(traceback.format_exc()), err=True)
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            click.echo(error.format_message(), err=True)
            return Exit.USAGE
        code, text = _explain(error)
    except KeyboardInterrupt:
        code, text = Exit.INTERRUPTED, "interrupted"
    if text:
        click.echo(f"harness: {scrub(text)}", err=True)
    return int(code)


def _explain(error: Exception) -> tuple[int, str]:
    """Exit code and one line of an error."""
    from harness.reporting.text import clean

    match error:
        case click.Abort():
            return Exit.INTERRUPTED, "interrupted"
        case click.ClickException():
            return Exit.USAGE, clean(one_line(f"{error.format_message()} (see --help)"))
        case UsageError():
            diff = getattr(error, "diff", "")  # of a call that a cassette has no reply to
            return Exit.USAGE, clean(f"{error}\n{diff}" if diff else str(error))
        case NoSamplesError():
            return Exit.NO_SAMPLES, clean(str(error))
        case InfrastructureError():
            return Exit.INTERNAL, clean(one_line(str(error)))
        case _:
            text = one_line(f"internal error: {type(error).__name__}: {error}")
            return Exit.INTERNAL, clean(f"{text}; --debug shows where")


if __name__ == "__main__":
    main()
