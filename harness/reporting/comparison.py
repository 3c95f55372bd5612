"""A comparison of two runs for people: the decision in words first, then the figures it rests on."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.evaluation import Compared, Comparison, Flip, Side
from harness.reporting.terminal import open_console
from harness.reporting.text import UNDEFINED, clean_line, count, is_currency, number, percent, shorten

if TYPE_CHECKING:
    from rich.console import Console

_ANSWER_WIDTH = 60
_MILLION = 1_000_000


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The content of comparison.json: the figures, and the verdict in words, a sentence an item."""
    return comparison.to_json() | {"verdict": verdict(comparison)}


def print_comparison(comparison: Comparison, *, show_flips: bool = False, console: "Console | None" = None) -> None:
    """Print the verdict, the metrics and the flips; `show_flips` lists the samples that flipped."""
    from rich.text import Text

    console = console or open_console()
    flow = not console.is_terminal

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style, overflow="fold"), soft_wrap=flow)

    for index, sentence in enumerate(verdict(comparison)):
        say(clean_line(sentence), "" if index else "bold")
    for index, line in enumerate(_table(comparison)):
        say(line, "" if index else "dim")
    for line in _flips(comparison, listed=show_flips):
        say(line)
    for line in _notes(comparison):
        say(f"  {clean_line(line)}", "dim")


def verdict(comparison: Comparison) -> list[str]:
    """The decision in words, worst doubts next: what else speaks against it, the margin, coverage below its floor.

    That answers were simulated comes before all of it.
    """
    return [
        *_simulated(comparison),
        *_decision(comparison),
        *_contrary(comparison),
        *_margin(comparison),
        *_coverage(comparison.a, "A"),
        *_coverage(comparison.b, "B"),
    ]


def _simulated(comparison: Comparison) -> Iterator[str]:
    sides = [name for name, side in (("A", comparison.a), ("B", comparison.b)) if side.simulated]
    if sides:
        yield f"SIMULATED: the answers of {' and '.join(sides)} come from a simulation with planted flaws."


def _decision(comparison: Comparison) -> Iterator[str]:
    metric, pairs = comparison.decided, _pairs(comparison)
    gap = metric.difference
    match metric.outcome:
        case "a_better" | "b_better":
            yield f"{_side(comparison, metric.winner or 'b')} is better: {_gain(comparison)}, {pairs}."
        case "not_shown":
            yield (
                f"No difference shown in {metric.name}: B − A is {signed(gap.value, metric.unit)} "
                f"({percent(gap.level)}: {_between(metric)}), {pairs}."
            )
            yield from _planning(comparison)
        case "same":
            yield f"No difference: A and B came out the same in {metric.name}, {pairs}."
        case "no_interval":
            value = "" if not gap.n_differ else f"; B − A is {signed(gap.value, metric.unit)} on what was run"
            few = f"one {comparison.word}" if gap.n == 1 else f"{count(gap.n, comparison.word)} of one cluster"
            yield f"Nothing can be told about {metric.name}: {few} can have no interval{value}."
        case "no_pairs":
            yield f"Nothing to compare in {metric.name}: {pairs}."


def _gain(comparison: Comparison) -> str:
    """What the better side gains: `it saves $0.35 a ticket (95 %: $0.10 – $0.66)`."""
    metric = comparison.decided
    gap = metric.difference
    assert gap.value is not None and gap.low is not None and gap.high is not None
    low, high = sorted((abs(gap.low), abs(gap.high)))
    size = number(abs(gap.value), metric.unit)
    between = f"({percent(gap.level)}: {number(low, metric.unit)} – {number(high, metric.unit)})"
    if is_currency(metric.unit) and metric.lower_is_better:
        return f"it saves {size} a {comparison.word} {between}"
    return f"its {metric.name} is {'lower' if metric.lower_is_better else 'higher'} by {size} {between}"


def _pairs(comparison: Comparison) -> str:
    """`86 tickets in 70 clusters, paired, 3 left out (3 errored in A)`."""
    metric = comparison.decided
    gap = metric.difference
    left = ", ".join(f"{n:,} {why}" for why, n in metric.left_out.items())
    out = f", {sum(metric.left_out.values()):,} left out ({left})" if left else ""
    if not gap.n:
        return f"no {comparison.word} has a figure on both sides{out}"
    trials = f" × {comparison.trials} trials" if comparison.trials > 1 else ""
    clusters = f" in {count(gap.n_clusters, 'cluster')}" if gap.n_clusters < gap.n else ""
    return f"{count(gap.n, comparison.word)}{trials}{clusters}, paired{out}"


def _planning(comparison: Comparison) -> Iterator[str]:
    """How many samples it takes, and what these are enough for."""
    metric, n, word = comparison.decided, comparison.decided.difference.n, comparison.word
    parts = []
    if metric.n_needed is not None:
        more = metric.n_needed - n
        about = f"about {_rounded(more):,} {word}s more ({metric.n_needed:,} in all)"
        about = f"more than a million {word}s" if metric.n_needed > _MILLION else about
        parts.append(f"if the difference is really this large, {about} would show it at 80 % power")
    if metric.detectable is not None:
        parts.append(f"{count(n, word)} show one of {number(metric.detectable, metric.unit)} or more")
    if parts:
        text = "; ".join(parts)
        yield f"{text[0].upper()}{text[1:]}{'' if metric.n_needed else ' at 80 % power'}."


def _rounded(n: int) -> int:
    """`n` to two significant digits, upwards."""
    unit: int = 10 ** max(0, len(str(n)) - 2)
    return -(-n // unit) * unit


def _contrary(comparison: Comparison) -> Iterator[str]:
    """Which metrics clearly favour the other side, or one side where the deciding one favours none."""
    decided = comparison.decided
    favoured: dict[str, list[str]] = {"A": [], "B": []}
    for metric in comparison.metrics:
        if metric.winner is not None and metric is not decided and metric.winner != decided.winner:
            favoured[metric.winner.upper()].append(metric.name)
    if said := [f"{side} is better in {', '.join(names)}" for side, names in favoured.items() if names]:
        yield f"{'But' if decided.winner else 'By themselves'} {'; '.join(said)}."


def _margin(comparison: Comparison) -> Iterator[str]:
    margin, metric = comparison.margin, comparison.decided
    if margin is None:
        return
    limit = number(margin, metric.unit)
    worst = f"; it may be worse by up to {number(-metric.gain[0], metric.unit)}" if metric.gain else "; no interval"
    if margin == 0:
        shown = metric.not_worse(0) == "shown"
        yield "B is not worse than A: shown." if shown else f"B is not worse than A: not shown{worst}."
        yield (
            "A margin of 0 asks for a better B: no number of samples shows that two are equal; "
            "give the smallest difference that matters."
        )
        return
    yield {
        "shown": f"B is not worse than A by more than {limit}: shown.",
        "refuted": f"B is worse than A by more than {limit}.",
        "not_shown": f"B is not worse than A by more than {limit}: not shown{worst}.",
    }[metric.not_worse(margin)]
    yield {
        "shown": f"A and B are equivalent within ±{limit}.",
        "refuted": f"A and B differ by more than {limit}.",
        "not_shown": f"Equivalence within ±{limit} is not shown.",
    }[metric.equivalent(margin)]


def _coverage(side: Side, name: str) -> Iterator[str]:
    if not side.covered and side.coverage is not None:
        yield f"Coverage of {name} is {side.coverage:.3g}, below its floor {side.coverage_floor:.3g}."


def _table(comparison: Comparison) -> list[str]:
    """Header and one line a metric, the deciding one first, in aligned columns."""
    decided = comparison.decided
    level = percent(decided.difference.level)
    cells = [["", "A", "B", "B − A", f"{level} interval", "p"]]
    for metric in (decided, *(other for other in comparison.metrics if other is not decided)):
        figures = [number(metric.a, metric.unit), number(metric.b, metric.unit)]
        gap = signed(metric.difference.value, metric.unit)
        cells.append([clean_line(metric.name), *figures, gap, _between(metric) or _why(metric), _p(metric)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_row(row, widths) for row in cells]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))).rstrip()


def _why(metric: Compared) -> str:
    return clean_line(metric.difference.reason or UNDEFINED)


def _p(metric: Compared) -> str:
    p, flips = metric.difference.p, metric.flips
    if p is None:
        return UNDEFINED
    gap = metric.difference
    same = flips is not None and flips.p is not None and gap.n == gap.n_clusters
    return f"{p_value(p)}{' (McNemar)' if same else ''}"


def p_value(p: float) -> str:
    """`0.031`, `<0.0001`."""
    return "<0.0001" if p < 0.0001 else f"{p:.2g}"


def signed(value: float | None, unit: str = "", *, size: float | None = None) -> str:
    """A difference with its sign: `−$0.35`, `+0.09`; nothing before one that rounds to 0. `size` as in `number`."""
    if value is None:
        return UNDEFINED
    text = number(abs(value), unit, size=size)
    zero = not any(digit in text for digit in "123456789")
    return text if zero else f"{'−' if value < 0 else '+'}{text}"


def _between(metric: Compared) -> str:
    low, high = metric.difference.low, metric.difference.high
    if low is None or high is None:
        return ""
    size = max(abs(low), abs(high))
    return f"{signed(low, metric.unit, size=size)} – {signed(high, metric.unit, size=size)}"


def _side(comparison: Comparison, winner: str) -> str:
    side = comparison.b if winner == "b" else comparison.a
    return f"{winner.upper()} ({clean_line(side.name)})" if side.name else winner.upper()


def _flips(comparison: Comparison, *, listed: bool) -> Iterator[str]:
    """Who is right where, of the deciding metric if it is right or wrong, else of the first that is."""
    metric = next((one for one in (comparison.decided, *comparison.metrics) if one.flips is not None), None)
    if metric is None or metric.flips is None:
        return
    flips, gap = metric.flips, metric.difference
    fixed, broken = len(flips.fixed), len(flips.broken)
    line = f"  fixed by B: {fixed:,}   broken by B: {broken:,}   both right: {flips.both_right:,}"
    line += f"   both wrong: {flips.both_wrong:,}"
    if flips.p is not None and gap.n_clusters < gap.n:
        line += f"   McNemar's p {p_value(flips.p)}, which ignores the clusters: the p above decides"
    yield line if listed or not fixed + broken else f"{line}   (harness compare … --show flips)"
    if not listed:
        return
    for word, some in (("fixed", flips.fixed), ("broken", flips.broken)):
        for flip in some:
            yield _flip(word, flip)


def _flip(word: str, flip: Flip) -> str:
    a, b, expected = (shorten(text, _ANSWER_WIDTH) for text in (flip.a, flip.b, flip.expected))
    return f"    {word:<6}  {clean_line(flip.sample_id)}  A {a}  B {b}  expected {expected}"


def _notes(comparison: Comparison) -> Iterator[str]:
    metrics = comparison.metrics
    if len(metrics) > 1:
        yield f"{comparison.decision} decides; the others are shown as they are, not adjusted for being {len(metrics) - 1}."
    unlike = {name: one for name, one in comparison.others.items() if one[1] != one[2]}
    if unlike:
        shown = (f"{name} {number(a, unit)} → {number(b, unit)}" for name, (unit, a, b) in unlike.items())
        yield f"without pairs: {' · '.join(shown)}"
    differs = ", ".join(comparison.differs)
    yield f"A and B differ in: {differs}" if differs else "A and B are made from the same: what differs is chance"
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield f"{name}  {side.name or side.run_id}  {side.path}"
