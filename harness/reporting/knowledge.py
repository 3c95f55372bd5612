"""The knowledge experiment for people: the answer in words first, then its tables, as text, Markdown or HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import UsageError
from harness.core.files import write_atomic
from harness.evaluation.knowledge import CRITERIA, WEEKLY, Arm, Figure, Gap, Knowledge, Row
from harness.reporting.comparison import p_value, signed
from harness.reporting.terminal import open_console
from harness.reporting.text import UNDEFINED, clean_line, count, number, percent

if TYPE_CHECKING:
    from rich.console import Console

_NAMES = {
    "routing.accuracy": "accuracy",
    "cost.per_ticket": "cost a ticket",
    "freshness.wrong_version": "wrong version cited",
    "freshness.gold_cited": "gold clause cited",
    "freshness.clause_cited": "any clause cited",
    "retrieval.clause_recall": "gold clauses in the prompt",
    "tokens.input": "input tokens a ticket",
    "tokens.price": "price of the tokens a ticket",
}
_PARTS = {"before": "before the change", "after": "after it", "moves": "where the label moves"}
_REFERENCE = "retrieval"
_SIZE = 1.0
"""Shares of tickets have two decimals, however small."""

ENDINGS = (".html", ".md")
"""What a report may end in."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a head and rows of text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def knowledge_json(knowledge: Knowledge) -> dict[str, Any]:
    """The content of knowledge.json: the figures, the answer in words and what to know of it, a sentence an item."""
    return knowledge.to_json() | {"answer": answer(knowledge), "notes": notes(knowledge)}


def answer(knowledge: Knowledge) -> list[str]:
    """What the figures say, each sentence computed from them."""
    simulated = ["SIMULATED: the answers come from a simulation with planted flaws, not from a model."]
    return [
        *(simulated if knowledge.simulated else []),
        *_advice(knowledge),
        *(_standing(knowledge, metric) for metric in CRITERIA),
        *_stale(knowledge),
        _tokens(knowledge),
        *_broken(knowledge),
        f"All of this holds for {_model(knowledge)} with {clean_line(knowledge.prompt)} on these "
        f"{count(_samples(knowledge), 'ticket')}, and for no other model: run it again with another --model.",
    ]


def _model(knowledge: Knowledge) -> str:
    return "reader (offline)" if knowledge.model == "reader" else clean_line(knowledge.model)


def _samples(knowledge: Knowledge) -> int:
    return knowledge.whole.n // knowledge.trials


def _title(knowledge: Knowledge, name: str) -> str:
    return next(arm.title for arm in knowledge.arms if arm.name == name)


def _list(knowledge: Knowledge, names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    titles = [_title(knowledge, name) for name in names]
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _advice(knowledge: Knowledge) -> Iterator[str]:
    """The arm that the figures speak for, why the others are out, and how large a difference would have gone unseen."""
    chosen, who = knowledge.advised, _model(knowledge)
    beaten = {arm.name: worse for arm in knowledge.arms if (worse := knowledge.beaten(arm.name))}
    if chosen is None:
        yield f"No arm is the answer for {who}: of each another is shown to be better in something, or a figure is missing."
    else:
        yield f"For {who} the answer is {_title(knowledge, chosen)}."
    if beaten:
        why = (f"{_title(knowledge, name)} in {' and '.join(map(_name, worse))}" for name, worse in beaten.items())
        yield f"Shown to be worse than another arm: {'; '.join(why)}."
    rest = knowledge.unbeaten
    if chosen is None or len(rest) < 2:
        return
    figures = knowledge.whole.figures["tokens.input"]
    tokens = ", ".join(f"{_title(knowledge, name)} {number(figures[name].value, 'tokens')}" for name in rest)
    yield f"Of the rest none is shown to be worse than another, so the fewest input tokens a ticket decide: {tokens}."
    seen = [knowledge.gap(CRITERIA[0], chosen, name).compared.detectable for name in rest if name != chosen]
    known = [value for value in seen if value is not None]
    if known:
        yield (
            f"That isn't to say that they are equal: at 80 % power {count(_samples(knowledge), 'ticket')} show a difference in "
            f"accuracy of {number(max(known))} or more."
        )


def _name(metric: str) -> str:
    return _NAMES[metric]


def _standing(knowledge: Knowledge, metric: str) -> str:
    standing = knowledge.standing(metric)
    figures, unit = knowledge.whole.figures[metric], knowledge.arms[0].run.metrics[metric].unit
    name = f"{_NAMES[metric][0].upper()}{_NAMES[metric][1:]}"
    if not standing.best:
        return f"{name}: undefined in every arm ({figures[standing.undefined[0]].reason})."
    text = f"{name}: {_list(knowledge, standing.best)} {_shown(figures[standing.best[0]], unit)}"
    verb = "is best" if len(standing.best) == 1 else "are best"
    text += f" {verb}" if standing.worse or standing.open else ", all the same"
    if standing.worse:
        text += f", shown better than {', '.join(_with(knowledge, one, metric) for one in standing.worse)}"
    if standing.open:
        text += f"; no difference shown to {', '.join(_with(knowledge, one, metric) for one in standing.open)}"
    if standing.undefined:
        text += f"; undefined for {_list(knowledge, standing.undefined)}"
    silent = [arm for arm in standing.best if metric == "freshness.wrong_version" and _cites_nothing(knowledge, arm)]
    text += f" ({_list(knowledge, silent)} cites no clause at all)" if silent else ""
    return f"{text}."


def _cites_nothing(knowledge: Knowledge, arm: str) -> bool:
    return knowledge.whole.figures["freshness.clause_cited"][arm].value == 0


def _with(knowledge: Knowledge, arm: str, metric: str) -> str:
    unit = knowledge.arms[0].run.metrics[metric].unit
    return f"{_title(knowledge, arm)} {_shown(knowledge.whole.figures[metric][arm], unit)}"


def _stale(knowledge: Knowledge) -> Iterator[str]:
    """What freezing does once a policy has changed, against before."""
    metric = "freshness.wrong_version"
    sides = {row.part: row.figures[metric]["frozen"] for row in knowledge.rows if row.part in ("before", "after")}
    before, after = sides["before"], sides["after"]
    if before.value is None or after.value is None:
        return
    yield (
        f"An index frozen on {knowledge.frozen}, which is what a model fine-tuned on that day would know, makes it cite a wrong "
        f"version on {_shown(before)} of the tickets before their policy's change and {_shown(after)} of those after it."
    )


def _tokens(knowledge: Knowledge) -> str:
    figures = knowledge.whole.figures["tokens.input"]
    parts = [f"{arm.title} {number(figures[arm.name].value, 'tokens')}" for arm in knowledge.arms]
    return f"Input tokens a ticket: {' · '.join(parts)}."


def _broken(knowledge: Knowledge) -> Iterator[str]:
    """Arms with failures: the model's own count as wrong answers, the provider's are left out."""
    for arm in knowledge.arms:
        said = [f"{n:,} {clean_line(kind)} (the model's own, a wrong answer)" for kind, n in arm.failures.items()]
        said += [f"{n:,} {clean_line(kind)} (the provider's, left out)" for kind, n in arm.errors.items()]
        if said:
            nothing = ", so this arm says nothing of its policies" if arm.failed else ""
            yield f"Failed in {arm.title}, of {len(arm.trials):,}: {', '.join(said)}{nothing}."


def notes(knowledge: Knowledge) -> list[str]:
    """How the figures were made, and what they can't say."""
    level = percent(knowledge.level)
    sizes = sorted(row.n_pairs for row in knowledge.rows if row.part == "week")
    lone = _samples(knowledge) - knowledge.n_placed
    wide = (
        f"A week is that of a policy's change, with the tickets before and after it; it has {_range(sizes)}, so "
        "its intervals are wide and it decides nothing by itself."
        if sizes
        else "None of these tickets belongs to a pair, so there are no weeks."
    )
    estimated = any("estimated" in str(arm.run.info) for arm in knowledge.arms)
    return [
        "Arms: label definitions only; all policies in force on the ticket's date, in the prompt; the clauses that retrieval "
        f"finds among these; the clauses that retrieval finds in an index frozen on {knowledge.frozen}.",
        "The arms differ only in the policies in the prompt. Past incidents and tools are left out of all: incidents tell "
        "labels by themselves, a frozen index would freeze them too, and tools would look up what an arm isn't to know.",
        "Wrong version cited: share of answered tickets with a claim that cites what was not in force on the ticket's own "
        "date (claim verdict wrong_version). An arm that cites no clause can't cite a wrong one: read it with gold clause cited.",
        f"Intervals are at {level}, over pairs of tickets as clusters. A difference is shown where its interval leaves out 0 "
        f"and p, adjusted (Holm) for the pairs of arms, is at most {1 - knowledge.level:.2g}; none shown is not the same.",
        wide,
        "The frozen index stands for a fine-tuned model: it has the same policies to go by, but is asked by retrieval. What "
        "training does to a model beside its knowledge isn't measured.",
        *([f"{count(lone, 'ticket')} of no pair count in all, but in no week."] if lone else []),
        *(["Tokens are estimated from characters where the model doesn't count them."] if estimated else []),
    ]


def _range(sizes: Sequence[int]) -> str:
    """`3 to 9 pairs`, `1 pair`."""
    return count(sizes[0], "pair") if sizes[0] == sizes[-1] else f"{sizes[0]} to {count(sizes[-1], 'pair')}"


def tables(knowledge: Knowledge, *, every: bool = False) -> list[Table]:
    """All figures: in all, by side of the change, differences (from retrieval; between all arms if `every`), by week."""
    heads = tuple(arm.title for arm in knowledge.arms)
    size = f"{count(knowledge.whole.n, 'trial')} in {count(knowledge.whole.n_pairs, 'cluster')}"
    whole = tuple((_NAMES[metric], *_cells(knowledge, knowledge.whole, metric)) for metric in knowledge.measures)
    sides = tuple(
        (f"{_NAMES[metric]}, {_PARTS[row.part]} (n {row.n:,})", *_cells(knowledge, row, metric))
        for metric in CRITERIA
        for row in knowledge.rows
        if row.part in _PARTS
    )
    return [
        Table(f"in all: {size}", ("", *heads), (*whole, _failures(knowledge))),
        Table("by side of the change", ("", *heads), sides),
        _differences(knowledge, every=every),
        *(_by_week(knowledge, metric, heads) for metric in WEEKLY),
    ]


def _cells(knowledge: Knowledge, row: Row, metric: str) -> list[str]:
    """One figure an arm, with its n where that isn't the row's."""
    cells: list[str] = []
    for arm in knowledge.arms:
        figure, unit = row.figures[metric][arm.name], arm.run.metrics[metric].unit
        less = f" n {figure.n:,}" if figure.n != row.n and figure.value is not None else ""
        cells.append(f"{_shown(figure, unit)}{less}")
    return cells


def _shown(figure: Figure, unit: str = "") -> str:
    """`0.57 (0.48–0.65)`."""
    if figure.value is None:
        return UNDEFINED
    value = number(figure.value, unit, size=_SIZE)
    if figure.low is None or figure.high is None:
        return f"{value} (no interval)"
    return f"{value} ({number(figure.low, unit, size=_SIZE)}–{number(figure.high, unit, size=_SIZE)})"


def _failures(knowledge: Knowledge) -> tuple[str, ...]:
    def said(arm: Arm) -> str:
        kinds = [*arm.failures.items(), *arm.errors.items()]
        return ", ".join(f"{n:,} {clean_line(kind)}" for kind, n in kinds) or "0"

    return ("failed or errored", *(said(arm) for arm in knowledge.arms))


def _differences(knowledge: Knowledge, *, every: bool) -> Table:
    gaps = [gap for gap in knowledge.gaps if gap.metric in WEEKLY and (every or _REFERENCE in (gap.a, gap.b))]
    what = "between all arms" if every else f"from {_REFERENCE}; --json has all"
    head = ("", "difference", f"{percent(knowledge.level)} interval", "p adjusted", "pairs", "better")
    return Table(
        f"differences in pairs, {what}", head, tuple(_difference(knowledge, gap, turn=not every) for gap in gaps)
    )


def _difference(knowledge: Knowledge, gap: Gap, *, turn: bool) -> tuple[str, ...]:
    """One difference; with `turn` as the other arm minus retrieval, whichever came first."""
    unit, found = knowledge.arms[0].run.metrics[gap.metric].unit, gap.compared.difference
    sign = -1 if turn and gap.b == _REFERENCE else 1
    first, second = (gap.b, gap.a) if sign < 0 else (gap.a, gap.b)
    name = f"{_NAMES[gap.metric]}: {_title(knowledge, second)} − {_title(knowledge, first)}"
    value = signed(None if found.value is None else sign * found.value, unit)
    between = UNDEFINED if found.reason is None else clean_line(found.reason)
    if found.low is not None and found.high is not None:
        low, high = sorted((sign * found.low, sign * found.high))
        size = max(abs(low), abs(high))
        between = f"{signed(low, unit, size=size)} – {signed(high, unit, size=size)}"
    p = UNDEFINED if gap.p is None else p_value(gap.p)
    better = UNDEFINED if gap.p is None else "not shown" if gap.better is None else _title(knowledge, gap.better)
    return (name, value, between, p, f"{found.n:,}", better)


def _by_week(knowledge: Knowledge, metric: str, heads: tuple[str, ...]) -> Table:
    rows = tuple(
        (f"{row.week:%d %b %Y}", f"{row.n:,} in {row.n_pairs:,}", *_cells(knowledge, row, metric))
        for row in knowledge.rows
        if row.part == "week"
    )
    return Table(f"{_NAMES[metric]} by week of the change", ("week of", "n in pairs", *heads), rows)


def print_knowledge(knowledge: Knowledge, *, console: "Console | None" = None) -> None:
    """Print the answer, the tables and the notes, and where the runs are."""
    from rich.text import Text

    console = console or open_console()
    flow = not console.is_terminal

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style, overflow="fold"), soft_wrap=flow)

    for index, sentence in enumerate(answer(knowledge)):
        say(sentence, "" if index else "bold")
    for table in tables(knowledge):
        say("")
        for index, line in enumerate(_aligned(table)):
            say(line, "" if index > 1 else "dim")
    say("")
    for note in notes(knowledge):
        say(f"  {note}", "dim")
    for arm in knowledge.arms:
        say(f"  {arm.title}: {clean_line(str(arm.path))}", "dim")


def _aligned(table: Table) -> Iterator[str]:
    lines = [table.head, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    yield table.title
    for cells in lines:
        yield ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))).rstrip()


def check_report(path: Path) -> None:
    """Refuse a report's name that no format goes with, before anything is run."""
    if path.suffix not in ENDINGS:
        raise UsageError(f"a report named {path.name!r}", where="--report", fix=f"end it in {' or '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=path.parent, fix="make it, or give --report another place")


def write_knowledge(knowledge: Knowledge, path: Path) -> None:
    """Write the report, HTML or Markdown by its ending."""
    write_atomic(path, _html(knowledge) if path.suffix == ".html" else _markdown(knowledge))


def _markdown(knowledge: Knowledge) -> str:
    parts = [f"# {knowledge.suite}: prompt, retrieval or frozen knowledge", *answer(knowledge)]
    for table in tables(knowledge, every=True):
        rule = ["---"] * len(table.head)
        lines = (f"| {' | '.join(map(_cell, cells))} |" for cells in (table.head, rule, *table.rows))
        parts.append(f"## {table.title}\n\n" + "\n".join(lines))
    parts += ["## Notes", "\n".join(f"- {note}" for note in notes(knowledge))]
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;padding:.15em .8em;border-bottom:1px solid #ddd}h2{font-size:1.1em;margin-top:2em}"
)


def _html(knowledge: Knowledge) -> str:
    """One file without script; its policy forbids any."""
    first, *rest = answer(knowledge)
    body = [f"<h1>{escape(knowledge.suite)}: prompt, retrieval or frozen knowledge</h1>"]
    body += [f"<p><strong>{escape(first)}</strong></p>", *(f"<p>{escape(text)}</p>" for text in rest)]
    for table in tables(knowledge, every=True):
        head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in cells) for cells in table.rows)
        lines = "".join(f"<tr>{row}</tr>\n" for row in rows)
        body.append(
            f"<h2>{escape(table.title)}</h2>\n<table><thead><tr>{head}</tr></thead>\n<tbody>{lines}</tbody></table>"
        )
    body.append(f"<h2>Notes</h2><ul>{''.join(f'<li>{escape(note)}</li>' for note in notes(knowledge))}</ul>")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(knowledge.suite)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )
