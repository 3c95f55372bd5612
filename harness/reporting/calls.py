"""A model call in one line."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.reporting.text import count, money, number
from harness.reporting.trials import finite, sequence


def model_call(record: Mapping[str, Any]) -> str:
    """Who answered, how it ended, tokens, price, time, attempts and the service's id of a call."""
    return " · ".join(_parts(record))


def _parts(record: Mapping[str, Any]) -> Iterator[str]:
    yield str(record.get("model"))
    source = str(record.get("source", "model"))
    if source != "model":
        yield f"from the {source}"
    yield str(record.get("finish"))
    given, made = finite(record.get("input_tokens")), finite(record.get("output_tokens"))
    if given is not None or made is not None:
        yield f"{given or 0:,.0f} tokens in, {made or 0:,.0f} out{' (estimated)' if record.get('estimated') else ''}"
    price = finite(record.get("price"))
    if price is None:
        yield "price unknown"
    elif price:
        yield money(price, str(record.get("currency") or ""))
    yield number(finite(record.get("latency_ms")), "ms")
    retried = sequence(record.get("retried"))
    if retried:
        yield f"{count(int(finite(record.get('attempts')) or 0), 'attempt')} after {', '.join(map(str, retried))}"
    if record.get("why"):
        yield str(record["why"])
    if record.get("request_id"):
        yield str(record["request_id"])
    planted = sequence(record.get("planted"))
    if planted:
        yield f"planted: {', '.join(map(str, planted))}"
