"""How long an answer took and how many tokens it used."""

from collections.abc import Mapping, Sequence

from harness.core.types import Metric, Outcome, Output, Sample, Scored, ScoreRow
from harness.scorers.metrics import Table, numeric
from harness.stats import Estimator


class LatencyScorer:
    """Reads the trial's own clock and the model's usage."""

    name = "latency"
    version = "1"
    best: Mapping[str, float | None] = {}
    noop: Mapping[str, float | None] = {}

    def __init__(self, *, estimator: Estimator) -> None:
        self._estimator = estimator

    def score(self, sample: Sample, output: Output) -> Outcome:
        """`ms` from start to answer, and tokens where the solver reports them."""
        usage = output.trace.usage
        return Scored(
            {
                "ms": output.trace.timings_ms.get("total", 0.0),
                "input_tokens": usage.input_tokens if usage else None,
                "output_tokens": usage.output_tokens if usage else None,
                "estimated": bool(usage and usage.estimated),
            }
        )

    def metrics(self, rows: Sequence[ScoreRow]) -> Sequence[Metric]:
        """p50 and p95 of the time, and mean tokens in and out."""
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
        used = table.where(numeric("input_tokens"))
        estimated = any(scored.value["estimated"] for _, scored in used.scored)
        for side in ("input", "output"):
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
        return found
