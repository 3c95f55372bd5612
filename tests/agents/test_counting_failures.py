"""What a failed answer amounts to in the figures: the model's failures are wrong, the provider's are not answers."""

from typing import Any

import pytest

from harness.agents.triage import TriageAgent
from harness.build.plan import Plan, planned
from harness.core.errors import UsageError
from harness.core.types import Metric
from harness.evaluation.runner import Results, execute
from tests.scripted import Scripted, agent_on, decides, says
from tests.world import World

FEES = ("t-3", "t-5")
"""Two samples that belong to the fee."""


async def run(world: World, *replies: Any) -> tuple[Results, dict[str, Metric]]:
    """Both samples through the real agent, in turn, judged by the suite's scorers."""
    plan: Plan = planned(world.suite, sample_ids=FEES)
    agent: TriageAgent = agent_on(Scripted(replies=list(replies)), plan)
    results = await execute(plan.samples, solver=agent, scorers=plan.scorers, journal=None)
    metrics = [m for scorer in plan.scorers for m in scorer.metrics(results.rows[scorer.name]) if m.label is None]
    return results, {metric.name: metric for metric in metrics}


@pytest.mark.parametrize(
    "replies",
    [
        [says("fee"), says("a fee!")],
        [decides(label="dentist"), decides(probabilities={"berth_fee": 0.5})],
        [says("", refusal="No.")],
        [says("{", finish="length")],
    ],
    ids=["malformed", "wrong schema", "refusal", "truncated"],
)
async def test_the_models_own_failure_is_wrong_and_costs_a_review(world: World, replies: list[Any]) -> None:
    results, metrics = await run(world, *replies, decides())
    assert (results.scored, results.errored) == (2, 0)
    assert metrics["routing.accuracy"].value == 0.5
    assert metrics["cost.per_ticket"].value == (4 + 0) / 2  # a review costs 4, the right queue nothing


@pytest.mark.parametrize(
    ("name", "kind"),
    [("RateLimitError", "rate_limit"), ("APITimeoutError", "timeout"), ("InternalServerError", "server_error")],
)
async def test_the_providers_failure_is_an_errored_trial_and_not_a_wrong_answer(
    world: World, name: str, kind: str
) -> None:
    results, metrics = await run(world, type(name, (Exception,), {})("busy"), decides())
    assert (results.scored, results.errored) == (1, 1)
    first = results.rows["routing"][0]
    assert (first.outcome.error_class, first.outcome.message) == (kind, "busy")  # type: ignore[union-attr]
    accuracy = metrics["routing.accuracy"]
    assert (accuracy.value, accuracy.n_scored, accuracy.n_errored) == (1.0, 1, 1)


async def test_a_refused_key_ends_the_run(world: World) -> None:
    with pytest.raises(UsageError, match=r"refuses the key \(401\); set a valid key"):
        await run(world, type("AuthenticationError", (Exception,), {})("401"), decides())
