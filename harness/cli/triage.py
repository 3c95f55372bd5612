"""`harness triage`: one ticket, one decision."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import base_url_option, call_overrides, json_option, model_option, prompt_option, set_option

if TYPE_CHECKING:
    from harness.build.one import Triaged

_SUITE = Path("eval_sets/triage/suite.yaml")


@click.command("triage")
@click.argument("ticket", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--suite", type=click.Path(path_type=Path), default=_SUITE, show_default=True, help="Says how the agent is built."
)
@model_option
@base_url_option
@prompt_option
@json_option
@set_option
def triage(
    *,
    ticket: Path,
    suite: Path,
    model: str | None,
    base_url: str | None,
    prompt: Path | None,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Decide one TICKET (a JSON file, or - for standard input)."""
    from harness.build.one import triage_one
    from harness.reporting.text import clean_line

    value = _read(ticket)
    overrides = call_overrides(overrides, base_url=base_url)
    triaged = triage_one(value, suite=suite, model=model, prompt=prompt, overrides=overrides, where=str(ticket))
    for line in triaged.doubts:
        click.echo(clean_line(f"harness: warning: {line}"), err=True)
    if as_json:
        click.echo(json.dumps(triaged.to_json(), indent=2, ensure_ascii=False))
    else:
        for line in _lines(triaged):
            click.echo(line)


def _read(path: Path) -> Any:
    """The JSON of a file or of standard input."""
    from harness.core.errors import UsageError
    from harness.core.files import read_text

    try:
        return json.loads(sys.stdin.read() if str(path) == "-" else read_text(path, what="ticket"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not valid JSON: {error}", where=path, fix="give one ticket as a JSON object") from None


def _lines(triaged: "Triaged") -> list[str]:
    """The decision for people: the answer first, then why."""
    from harness.reporting.text import clean

    output = triaged.output
    if output.label is None or output.failure is not None:
        kind = output.failure.kind if output.failure else "no label"
        lines = [
            f"no usable answer ({kind})  → review: {clean(output.failure.message if output.failure else output.why)}"
        ]
    else:
        ranked = sorted((output.probabilities or {}).items(), key=lambda item: -item[1])
        others = ", ".join(f"{label} {p:.2f}" for label, p in ranked if label != output.label and p >= 0.005)
        chance = f"  {output.probabilities[output.label]:.2f}" if output.probabilities else ""
        action = f"route to {triaged.queue}" if output.action == "route" else "review"
        lines = [f"{output.label}{chance}  → {action}: {output.why}", *([f"  else {others}"] if others else [])]
    for number, claim in enumerate(triaged.claims, 1):
        mark = "" if claim.verdict == "supported" else f"  ✘ {claim.verdict}: {claim.reason}"
        lines.append(f"  {number} {clean(claim.text)}{clean(mark)}")
        for cited in claim.citations:
            lines.append(f"      [{clean(cited.citation)}] {_short(cited.text) if cited.text else cited.status}")
    if triaged.simulated:
        lines.insert(0, "SIMULATED: the answer comes from a simulation with planted flaws, not from a model")
    findings = output.trace.findings
    lines.append(f"  guard: {len(findings)} finding{'s' * (len(findings) != 1)}")
    for found in findings:
        lines.append(f"      {found.field}: {found.kind}, {found.score:.2f}, redacted: {_short(found.excerpt)}")
    return lines


def _short(text: str, limit: int = 160) -> str:
    from harness.reporting.text import clean

    flat = clean(" ".join(text.split()))
    return f'"{flat if len(flat) <= limit else flat[: limit - 1] + "…"}"'
