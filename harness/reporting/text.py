"""Data made fit for a reader: control characters shown instead of obeyed, numbers and money in one spelling."""

import math
import re

from harness.core.errors import one_line
from harness.core.types import Metric

UNDEFINED = "–"
"""What stands where a number is undefined."""

# C0 but newline and tab, DEL and C1; bidirectional controls; characters without width; line and paragraph separators;
# lone surrogates; tag characters. The two joiners U+200C and U+200D stay: Persian, Hindi and emoji need them.
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that drive a terminal, reorder a line or can't be seen."""

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_WHOLE = frozenset({"JPY", "KRW"})


def clean(text: str) -> str:
    r"""`text` with every control character as its escape (`\x1b`, `\u202e`); newlines and tabs stay."""
    return CONTROLS.sub(lambda match: escape(match[0]), text)


def clean_line(text: str) -> str:
    """`text` cleaned, on one line."""
    return one_line(clean(text))


def escape(character: str) -> str:
    r"""One character as Python spells it in a string: `\x1b`, `\u202e`, `\U000e0041`."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, limit: int) -> str:
    """`text` on one line, at most `limit` characters, with `…` where it was cut."""
    line = clean_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def money(value: float | None, currency: str | None) -> str:
    """`$12.30`, `€1,012`, `$0.0021`: cents below 1,000 where the currency has them. No currency: a plain number."""
    if value is None:
        return UNDEFINED
    if not currency:
        return number(value)
    mark = _SYMBOLS.get(currency, f"{currency} ")
    digits = 0 if currency in _WHOLE or abs(value) >= 999.995 else 2
    if 1e-9 <= abs(value) < 0.005:
        digits = 1 - math.floor(
            math.log10(abs(value))
        )  # a call costs fractions of a cent: two digits that say something
    amount = f"{abs(value):,.{digits}f}"
    return f"{'−' if value < 0 and amount.strip('0.,') else ''}{mark}{amount}"


def number(value: float | None, unit: str = "", *, size: float | None = None) -> str:
    """A number in its unit: `0.61`, `212 ms`, `1,204`; money where the unit is a currency code.

    A plain number has the digits of `size` where it stands beside one of that size, else of its own.
    """
    if value is None:
        return UNDEFINED
    if is_currency(unit):
        return money(value, unit)
    if unit in {"count", "tokens"}:
        return f"{value:,.0f}"
    if unit == "ms":
        return f"{value:,.0f} ms" if abs(value) >= 10 else f"{value:.2g} ms"
    text = _plain(value, size=abs(value) if size is None else size)
    return f"{text} {unit}" if unit else text


def _plain(value: float, *, size: float) -> str:
    """Two decimals; fewer where `size` is large, two significant digits where it is small."""
    if 0.0001 <= size < 0.005:
        return f"{value:.2g}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.2f}"


def is_currency(unit: str) -> bool:
    """Whether a metric's unit is a currency code."""
    return len(unit) == 3 and unit.isupper() and unit.isalpha()


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """`0.44 – 0.76` in the unit, or nothing where there is no interval."""
    if low is None or high is None:
        return ""
    if unit:
        return f"{number(low, unit).removesuffix(f' {unit}')} – {number(high, unit)}"
    size = max(abs(low), abs(high))
    return f"{_plain(low, size=size)} – {_plain(high, size=size)}"


def metric_value(metric: Metric) -> str:
    """A metric's value in its unit."""
    return number(metric.value, metric.unit)


def metric_interval(metric: Metric) -> str:
    """A metric's interval in its unit."""
    return interval(metric.low, metric.high, metric.unit)


def percent(level: float) -> str:
    """`95 %`."""
    return f"{level * 100:.4g} %"


def count(n: int, word: str) -> str:
    """`1 ticket`, `2 tickets`, `1,204 tickets`."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
