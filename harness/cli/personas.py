"""`harness personas`: the simulated models for testing an evaluator, and what each plants."""

import json
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option

if TYPE_CHECKING:
    from harness.models.personas import PersonaSpec

_WIDTH = 100
_PLAIN = ("claims.", "format.", "faults.")
_NO_FLAWS = ("confidence.spread", "latency_ms.sigma", "retry_after")
_NOTES = (
    "Every draw is seeded by persona, ticket, trial and purpose: the same in any order, on any machine.",
    "The answer key reaches a persona by a channel of its own, never in the prompt.",
    "Its replies are SIMULATED: a run with it tests the evaluation and says nothing about a model.",
)


@click.group("personas", invoke_without_command=True)
@click.pass_context
def personas(context: click.Context) -> None:
    """List the personas: simulated models with known flaws, for `--model persona:NAME`."""
    if context.invoked_subcommand is None:
        for line in _table():
            click.echo(line)


@personas.command("show")
@click.argument("persona", metavar="NAME|FILE")
@json_option
def show(*, persona: str, as_json: bool) -> None:
    """Show every rate that a persona plants and what it means; FILE is a .yaml of your own."""
    from harness.models.personas import load_persona, planted_rates
    from harness.reporting.text import clean_line

    spec = load_persona(persona)
    if as_json:
        planted = [{"name": one.name, "value": one.value, "about": one.about} for one in planted_rates(spec)]
        value = {
            "model": f"persona:{persona}",
            "spec": spec.model_dump(mode="json"),
            "planted": planted,
            "notes": _NOTES,
        }
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    click.echo(f"{clean_line(spec.name)} · --model persona:{clean_line(persona)} · seed {spec.seed}")
    for line in (*_wrapped(clean_line(spec.description), indent=0), "", *_rates(spec), ""):
        click.echo(line)
    for note in _NOTES:
        click.echo(note)


def _table() -> list[str]:
    """Name, what it is for, and below it what it plants."""
    from harness.models.personas import load_persona, persona_names

    lines: list[str] = []
    specs = [load_persona(name) for name in persona_names()]
    width = max(len(spec.name) for spec in specs)
    for spec in specs:
        about = _wrapped(spec.description, indent=width + 2)
        lines += [f"{spec.name:<{width}}  {about[0].strip()}", *about[1:]]
        lines += _wrapped(_main_rates(spec), indent=width + 2)
    return [*lines, "", "harness personas show NAME explains a persona's rates; --model persona:NAME uses it."]


def _main_rates(spec: "PersonaSpec") -> str:
    """What is planted in one line; a group is left out where the name says enough."""
    from harness.models.personas import planted_rates

    rates = [(one.name, one.value) for one in planted_rates(spec) if one.name not in _NO_FLAWS]
    short = [(name.rpartition(".")[2] if name.startswith(_PLAIN) else name, value) for name, value in rates]
    return " · ".join(f"{name} {value:g}" for name, value in short if isinstance(value, int | float))


def _rates(spec: "PersonaSpec") -> list[str]:
    """One line a rate and what it means; longer meanings go on below."""
    from harness.models.personas import planted_rates
    from harness.reporting.text import clean_line

    rows = [(clean_line(one.name), clean_line(_shown(one.value)), clean_line(one.about)) for one in planted_rates(spec)]
    name_width = min(max(len(name) for name, _, _ in rows), 36)
    value_width = min(max(len(value) for _, value, _ in rows), 12)
    lines: list[str] = []
    for name, value, about in rows:
        indent = 6 + name_width + value_width
        first, *more = _wrapped(about, indent=indent)
        if len(name) > name_width or len(value) > value_width:
            lines += [f"  {name}", *_wrapped(value, indent=4), first, *more]
        else:
            lines += [f"  {name:<{name_width}}  {value:<{value_width}}  {first.strip()}", *more]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {rate:g}" for name, rate in value.items())
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _wrapped(text: str, *, indent: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent) or [""]
