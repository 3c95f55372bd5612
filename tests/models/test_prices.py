"""Prices: the shipped file, the user's own over it, and what isn't known."""

from pathlib import Path

import pytest

from harness.core.errors import UsageError
from harness.models.calls import Reply
from harness.models.prices import load_prices

MILLION = Reply(input_tokens=1_000_000, output_tokens=1_000_000)


def own(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_is_dated_and_knows_dated_names() -> None:
    prices = load_prices()
    assert prices.of("openai/gpt-4o", MILLION) == pytest.approx(12.5)
    assert prices.of("openai/gpt-4o-2024-08-06", MILLION) == pytest.approx(12.5)
    assert prices.as_of("openai/gpt-4o") == "2025-08-15" and prices.as_of("openai/none") is None


def test_cached_input_has_its_own_price() -> None:
    reply = Reply(input_tokens=1_000_000, output_tokens=0, cached_tokens=400_000)
    assert load_prices().of("openai/gpt-4o", reply) == pytest.approx(0.6 * 2.5 + 0.4 * 1.25)


@pytest.mark.parametrize("reply", [Reply(), Reply(input_tokens=5), Reply(output_tokens=5)])
def test_tokens_that_nobody_counted_have_no_price(reply: Reply) -> None:
    assert load_prices().of("openai/gpt-4o", reply) is None


def test_ones_own_file_stands_over_the_shipped_one(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "as_of: 2026-11-01\nmodels:\n  openai/gpt-4o: {input: 1, output: 1}\n  openai-compatible/mine: {input: 2, output: 0}\n",
    )
    prices = load_prices(path)
    assert prices.of("openai/gpt-4o", MILLION) == 2 and prices.as_of("openai/gpt-4o") == "2026-11-01"
    assert prices.of("openai-compatible/mine", MILLION) == 2 and prices.of("openai/gpt-4.1", MILLION) == 10


def test_another_currency_stands_alone(tmp_path: Path) -> None:
    prices = load_prices(own(tmp_path, "as_of: 2026-11-01\ncurrency: EUR\nmodels: {a/b: {input: 1, output: 1}}\n"))
    assert prices.currency == "EUR" and prices.of("openai/gpt-4o", MILLION) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {}\n", "missing key 'as_of'"),
        ("as_of: 2026-01-01\nmodels: {a/b: {input: -1, output: 1}}\n", "input"),
        ("as_of: 2026-01-01\nmodels: {a/b: {input: 1}}\n", "output"),
        ("as_of: 2026-01-01\ncurrency: dollars\nmodels: {}\n", "currency"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_prices(own(tmp_path, text))
    assert "prices.yaml" in str(caught.value)
