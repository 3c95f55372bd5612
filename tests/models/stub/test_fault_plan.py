"""Which calls a plan plants a fault in, and what a fault makes of a reply."""

import json
from collections import Counter
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.models.calls import Reply, ToolCall
from harness.models.faults import FAULTS
from harness.models.stub import FaultPlan, load_faults
from harness.models.stub.script import Planter, spoil


def names(planter: Planter, bodies: list[bytes]) -> list[str | None]:
    faults = [planter.next(body) for body in bodies]
    return [fault.kind.name if fault else None for fault in faults]


def test_a_file_is_read_with_all_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(
        "seed: 7\nrates: {rate_limit: 0.1, timeout: 0.05}\nscript: [ok, rate_limit, {fault: rate_limit, retry_after: 2}]\n"
        "repeat: true\nretry_after: 0.5\nhang_seconds: 60\nslow: {first_ms: 20, per_token_ms: 5}\n"
    )
    plan = load_faults(path)
    assert [(step.fault, step.retry_after) for step in plan.script] == [
        ("ok", None),
        ("rate_limit", None),
        ("rate_limit", 2),
    ]
    assert (plan.seed, plan.rates["timeout"], plan.repeat, plan.slow.first_ms) == (7, 0.05, True, 20)
    assert load_faults(str(path)) == plan


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("seed: 1\nrates:\n  rate_limt: 0.1\n", 3, "did you mean 'rate_limit'?"),
        ("script:\n  - ok\n  - tiemout\n", 3, "did you mean 'timeout'?"),
        ("script:\n  - {fault: timeout, after: 2}\n", 2, "unknown key 'script.0.after'"),
        ("rates:\n  dropped: 0.9\n  timeout: 0.3\n", 1, "sum to 1.2, over 1"),
        ("rates: {ok: 0.5}\n", 1, "unknown fault"),
        ("rates: {dropped: 1.5}\n", 1, "less than or equal to 1"),
        ("rate: {dropped: 0.5}\n", 1, "did you mean 'rates'?"),
        ("hang_seconds: 0\n", 1, "greater than 0"),
        ("slow:\n  first_ms: -1\n", 2, "greater than or equal to 0"),
    ],
)
def test_a_mistake_in_a_file_is_one_line_with_its_place(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_faults(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_a_mistake_in_a_mapping_is_a_usage_error_too() -> None:
    with pytest.raises(UsageError, match="did you mean 'dropped'"):
        load_faults({"rates": {"droped": 1}})


def test_a_script_goes_by_the_order_of_calls_and_the_rates_come_after_it() -> None:
    planter = Planter(load_faults({"script": ["ok", "dropped", "ok"], "rates": {"timeout": 1}}))
    assert names(planter, [b"a"] * 5) == [None, "dropped", None, "timeout", "timeout"]


def test_a_script_without_rates_ends_and_one_that_repeats_does_not() -> None:
    assert names(Planter(load_faults({"script": ["dropped"]})), [b"a"] * 3) == ["dropped", None, None]
    repeated = Planter(load_faults({"script": ["ok", "dropped"], "repeat": True}))
    assert names(repeated, [b"a"] * 4) == [None, "dropped", None, "dropped"]


def test_a_rate_is_met_over_many_calls() -> None:
    plan = load_faults({"seed": 3, "rates": {"rate_limit": 0.2, "timeout": 0.1}})
    drawn = Counter(names(Planter(plan), [b"%d" % n for n in range(4000)]))
    assert drawn["rate_limit"] / 4000 == pytest.approx(0.2, abs=0.02)
    assert drawn["timeout"] / 4000 == pytest.approx(0.1, abs=0.015)


def test_draws_do_not_depend_on_the_order_of_calls_or_of_rates() -> None:
    bodies = [b"%d" % (n % 70) for n in range(200)]
    one = Planter(load_faults({"rates": {"rate_limit": 0.3, "dropped": 0.2}}))
    forth = dict(zip(range(200), names(one, bodies), strict=True))
    other = Planter(load_faults({"rates": {"dropped": 0.2, "rate_limit": 0.3}}))
    order = sorted(range(200), key=lambda n: (bodies[n], n))  # keeps the order among equal bodies
    back = dict(zip(order, names(other, [bodies[n] for n in order]), strict=True))
    assert back == forth
    assert names(Planter(load_faults({"seed": 1, "rates": {"rate_limit": 0.3, "dropped": 0.2}})), bodies) != list(
        forth.values()
    )


def test_draws_are_the_same_from_many_threads() -> None:
    plan = load_faults({"rates": {"rate_limit": 0.5}})
    alone = Counter(names(Planter(plan), [b"same"] * 400))
    planter, drawn = Planter(plan), list[str | None]()
    threads = [Thread(target=lambda: drawn.extend(names(planter, [b"same"] * 100))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(drawn) == alone


def test_a_retry_draws_anew_and_so_does_another_trial() -> None:
    plan = load_faults({"rates": {"rate_limit": 0.5}})
    assert set(names(Planter(plan), [b"same"] * 40)) == {"rate_limit", None}
    planter = Planter(plan)
    trials = [planter.next(b"same", b"trial %d" % n) for n in range(40)]
    assert {fault is None for fault in trials} == {True, False}


def test_only_a_rate_limit_by_rate_says_when_to_come_back() -> None:
    planter = Planter(
        load_faults(
            {
                "retry_after": 0.5,
                "rates": {"rate_limit": 1},
                "script": [{"fault": "unavailable", "retry_after": 3}, "rate_limit"],
            }
        )
    )
    assert [fault.retry_after for fault in (planter.next(b"a"), planter.next(b"a"), planter.next(b"a")) if fault] == [
        3,
        None,
        0.5,
    ]
    assert Planter(load_faults({"retry_after": 0.5, "rates": {"dropped": 1}})).next(b"a").retry_after is None  # type: ignore[union-attr]


def test_what_was_asked_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.models.stub.script._MOST_BODIES", 3)
    planter = Planter(FaultPlan(rates={"dropped": 0.5}))
    names(planter, [b"%d" % n for n in range(10)])
    assert len(planter._asked) == 3


WHOLE = Reply(text='{"label": "fraud", "why": "money"}', probabilities={"fraud": 1.0})
CALL = Reply(tool_calls=(ToolCall("c", "decide", '{"label": "fraud"}'),), finish="tool_calls")


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("text", [WHOLE.text, "plain words", "", "{}", "{} and more", '"x"', "[1, 2]", "{" * 5000])
def test_malformed_json_begins_and_never_ends(text: str) -> None:
    spoilt = spoil(Reply(text=text), "malformed")
    assert spoilt.text.startswith("{")
    assert not is_json(spoilt.text)
    arguments = spoil(Reply(tool_calls=(ToolCall("c", "f", text),)), "malformed").tool_calls[0].arguments
    assert not is_json(arguments)


def test_a_wrong_schema_is_json_of_another_form() -> None:
    assert "label" not in json.loads(spoil(WHOLE, "wrong_schema").text)
    spoilt = spoil(CALL, "wrong_schema")
    assert (spoilt.text, "label" in json.loads(spoilt.tool_calls[0].arguments)) == ("", False)


@pytest.mark.parametrize("reply", [WHOLE, CALL])
def test_a_refusal_and_a_filtered_answer_have_nothing_in_them(reply: Reply) -> None:
    refused, filtered = spoil(reply, "refusal"), spoil(reply, "content_filter")
    assert refused.refusal
    assert (refused.text, refused.tool_calls, refused.finish) == ("", (), "stop")
    assert (filtered.text, filtered.tool_calls, filtered.finish, filtered.refusal) == ("", (), "content_filter", None)


def test_a_truncated_answer_is_half_of_it() -> None:
    assert spoil(WHOLE, "truncated").text == WHOLE.text[: len(WHOLE.text) // 2]
    assert spoil(WHOLE, "truncated").finish == spoil(CALL, "truncated").finish == "length"
    assert spoil(CALL, "truncated").tool_calls[0].arguments == '{"label":'


CHANGED = {"malformed", "wrong_schema", "refusal", "content_filter", "truncated"}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_reply_is_changed_by_the_faults_of_its_content_alone(name: str) -> None:
    spoilt = spoil(WHOLE, name)
    if name in CHANGED:
        assert (spoilt.planted, spoilt.probabilities) == ((name,), None)
    else:
        assert spoilt is WHOLE


def test_no_fault_changes_nothing() -> None:
    assert spoil(WHOLE, "") is WHOLE


def test_a_plan_may_be_made_in_code() -> None:
    made: Any = FaultPlan(script=["ok", "dropped"])  # type: ignore[arg-type]
    assert [step.fault for step in made.script] == ["ok", "dropped"]
