"""What a suite's samples can show, for people: one line a basis, and one clear line where they show nothing."""

from harness.evaluation import PowerPlan, Shown
from harness.reporting.text import clean_line, count, number, percent


def power_lines(plan: PowerPlan) -> list[str]:
    """The answer first, then the table it is read from."""
    head = f"{clean_line(plan.suite)}: {count(plan.n, plan.word)}"
    head += f" in {count(plan.n_clusters, 'cluster')}" if plan.n_clusters < plan.n else ""
    head += f", paired, {percent(plan.power)} power at {percent(plan.level)}"
    return [head, *_nothing(plan), *_table(plan), *(f"  {clean_line(note)}" for note in plan.notes)]


def _nothing(plan: PowerPlan) -> list[str]:
    blind = sum(shown.detectable is None for shown in plan.shown)
    if not blind:
        return []
    if blind == len(plan.shown):
        return [f"{count(plan.n, plan.word)}: too few to show any difference, however large."]
    return [f"Where it says nothing, {count(plan.n, plan.word)} show no difference, however large."]


def _table(plan: PowerPlan) -> list[str]:
    if not plan.shown:
        return []
    asked = plan.difference
    cells = [["", "pairs that differ", "design effect", "shows a difference of"]]
    cells[0] += [f"for {_figure(asked, plan.shown[0])}"] if asked is not None else []
    for shown in plan.shown:
        basis = shown.basis
        differ = "" if basis.discordance is None else percent(round(basis.discordance, 3))
        row = [clean_line(basis.metric), differ, _effect(shown)]
        row.append("nothing" if shown.detectable is None else f"{_figure(shown.detectable, shown)} or more")
        if asked is not None:
            row.append("can't be" if shown.needed is None else count(shown.needed, plan.word))
        cells.append(row)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in cells
    ]


def _effect(shown: Shown) -> str:
    return "included" if shown.basis.source == "two runs" else f"{shown.basis.design_effect:.3g}"


def _figure(value: float, shown: Shown) -> str:
    """Points where the metric is a share, else in its unit."""
    if shown.basis.largest == 1:
        points = f"{100 * value:.3g}"
        return f"{points} point{'' if points == '1' else 's'}"
    return number(value, shown.basis.unit)
