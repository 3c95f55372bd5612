"""What tokens cost: a dated file that comes with the package, and the user's own over it. Unknown is None, never 0."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.core.files import Strict, load_yaml
from harness.models.calls import Reply

SHIPPED = Path(__file__).with_name("prices.yaml")
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


class Price(Strict):
    """Of one model, for a million tokens. Cached input costs as other input where it has no price of its own."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)


class PriceFile(Strict):
    """Prices by model id as suites write it (`openai/gpt-4o`), in one currency, as of a date."""

    schema_version: Literal[1] = 1
    as_of: date
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    models: dict[str, Price]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of models; `as_of` is the date of the file that a price comes from."""

    models: Mapping[str, tuple[Price, date]]
    currency: str

    def of(self, model: str, reply: Reply) -> float | None:
        """The price of one reply of `model` (an id, dated names count as their model); None where it isn't known."""
        found = self.models.get(model) or self.models.get(_DATED.sub("", model))
        if found is None or reply.input_tokens is None or reply.output_tokens is None:
            return None
        price, _ = found
        cached = min(reply.cached_tokens, reply.input_tokens)
        read = price.input if price.cached_input is None else price.cached_input
        return ((reply.input_tokens - cached) * price.input + cached * read + reply.output_tokens * price.output) / 1e6

    def as_of(self, model: str) -> str | None:
        """The date of a model's price, ISO; None where it isn't known."""
        found = self.models.get(model) or self.models.get(_DATED.sub("", model))
        return None if found is None else found[1].isoformat()


def load_prices(own: Path | None = None) -> Prices:
    """The shipped prices with the user's over them, which may be in another currency only if they stand alone."""
    shipped = load_yaml(SHIPPED, PriceFile, what="price file")
    if own is None:
        return Prices({name: (price, shipped.as_of) for name, price in shipped.models.items()}, shipped.currency)
    mine = load_yaml(own, PriceFile, what="price file")
    kept = shipped.models if mine.currency == shipped.currency else {}
    models = {name: (price, shipped.as_of) for name, price in kept.items()}
    return Prices(models | {name: (price, mine.as_of) for name, price in mine.models.items()}, mine.currency)
