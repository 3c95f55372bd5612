"""How long an answer took, how many tokens it used, and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.core.types import Metric, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, numeric
from harness.stats import Estimator


class LatencyScorer:
    """Reads the trial's own clock and the model's usage."""

    name = "latency"
    version = "2"
    best: Mapping[str, float | None] = {}
    noop: Mapping[str, float | None] = {}

    def __init__(self, *, estimator: Estimator) -> None:
        self._estimator = estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`ms` from start to answer; tokens and their price where the solver reports them and they are known."""
        usage = output.trace.usage
        return Scored(
            {
                "ms": output.trace.timings_ms.get("total", 0.0),
                "input_tokens": usage.input_tokens if usage else None,
                "output_tokens": usage.output_tokens if usage else None,
                "estimated": bool(usage and usage.estimated),
                "price": usage.price if usage else None,
                "currency": usage.currency if usage else "",
            }
        )

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """p50 and p95 of the time, mean tokens in and out, and their mean price where a hosted model was asked."""
        table = Table.of(rows)
        found = [
            table.metric(
                f"latency.p{percent}_ms",
                self._estimator.quantile(table.column("ms"), percent / 100, table.clusters),
                unit="ms",
                lower_is_better=True,
            )
            for percent in (50, 95)
        ]
        for side in ("input", "output"):
            used = table.where(numeric(f"{side}_tokens"))
            estimated = any(scored.value["estimated"] for _, scored in used.scored)
            tokens = used.column(f"{side}_tokens")
            estimate = self._estimator.mean(tokens, used.clusters, name=f"tokens.{side}")
            detail = "a ticket, estimated from characters" if estimated else "a ticket"
            found.append(
                used.metric(
                    f"tokens.{side}",
                    estimate,
                    unit="tokens",
                    detail=detail,
                    lower_is_better=True,
                    fact=(self.name, f"{side}_tokens"),
                )
            )
        return [*found, *self._price(table.where(lambda value: bool(value.get("currency"))))]

    def _price(self, asked: Table) -> list[Metric]:
        """What a ticket's tokens cost; nothing where all of it was made in process, undefined where no price is known."""
        priced = asked.where(numeric("price"))
        unknown = len(asked.scored) - len(priced.scored)
        if not unknown and not any(priced.column("price")):
            return []
        detail = f"a ticket; the price of {unknown:,} isn't known" if unknown else "a ticket"
        currency = next((str(scored.value["currency"]) for _, scored in priced.scored), "")
        estimate = self._estimator.mean(priced.column("price"), priced.clusters, name="tokens.price")
        if estimate.value is None and unknown:
            estimate = replace(estimate, reason="the model's price isn't known: give `calls.prices`")
        fact = (self.name, "price")
        return [priced.metric("tokens.price", estimate, unit=currency, detail=detail, lower_is_better=True, fact=fact)]
