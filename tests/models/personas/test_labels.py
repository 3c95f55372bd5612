"""Right and wrong labels: at the rates that were planted, whatever the order, and moved only by what the prompt shows."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.core.types import Target
from tests.models.personas.asking import (
    DEFINED,
    GOLD,
    INCIDENT,
    LABELS,
    LISTED,
    POLICY,
    TICKET,
    answers,
    call,
    confidence_of,
    label_of,
    near,
    persona,
)

N = 2000


def test_labels_are_right_at_the_accuracy_and_others_evenly_wrong() -> None:
    replies = answers(persona(accuracy=0.7), N)
    given = Counter(label_of(reply) for reply in replies)
    assert near(given["fire"], 0.7, N)
    assert all(near(given[label], 0.1, N) for label in ("fee", "flood", "noise"))
    for reply in replies:
        assert reply.simulated and reply.model == "persona:x"
        assert reply.planted == (() if label_of(reply) == "fire" else ("wrong_label",))


def test_what_experts_accept_too_is_never_the_wrong_label() -> None:
    assert {label_of(reply) for reply in answers(persona(accuracy=0), 200)} == {"fee", "flood", "noise"}
    both = Target(label="fire", acceptable=tuple(LABELS))
    assert "fire" not in {label_of(reply) for reply in answers(persona(both, accuracy=0), 200)}


def test_a_confusion_row_replaces_the_accuracy_of_its_label() -> None:
    model = persona(accuracy=0, confusion={"fire": {"fire": 0.5, "noise": 0.4, "fee": 0.1}})
    given = Counter(label_of(reply) for reply in answers(model, N))
    assert near(given["fire"], 0.5, N) and near(given["noise"], 0.4, N) and near(given["fee"], 0.1, N)
    assert given.total() == given["fire"] + given["noise"] + given["fee"]
    other = persona(confusion={"noise": {"fee": 1}})
    assert {label_of(reply) for reply in answers(other, 20)} == {"fire"}
    assert {label_of(reply) for reply in answers(persona(Target("noise"), confusion={"noise": {"fee": 1}}), 20)} == {
        "fee"
    }


def test_a_confusion_with_labels_that_the_prompt_lacks_goes_by_the_rest() -> None:
    model = persona(confusion={"fire": {"storm": 1}})
    assert {label_of(reply) for reply in answers(model, 100)} == {"crash", "fee", "flood", "noise"}


def test_answers_are_the_same_in_any_order_and_from_any_thread() -> None:
    spec: dict[str, Any] = {
        "accuracy": 0.5,
        "claims": {"changed_number": 0.3},
        "format": {"refusal": 0.1},
        "latency_ms": {"median": 3},
    }
    calls = [call(sample=f"s-{number}", trial=number % 2) for number in range(120)]
    straight = {one.sample: persona(**spec).answer(one) for one in calls}
    model = persona(**spec)
    shuffled = random.Random(3).sample(calls, len(calls))
    with ThreadPoolExecutor(4) as pool:
        for one, reply in zip(shuffled, pool.map(model.answer, shuffled), strict=True):
            assert reply == straight[one.sample]


def test_trials_draws_and_seeds_are_drawn_anew() -> None:
    def labels(seed: int = 0, **more: int) -> list[str]:
        return [label_of(reply) for reply in answers(persona(accuracy=0.5, seed=seed), 60, **more)]

    assert labels() == labels()
    assert len({tuple(labels(**more)) for more in ({}, {"trial": 1}, {"draw": 1}, {"seed": 1})}) == 4


def test_two_prompts_that_show_the_same_get_the_same_labels() -> None:
    model = persona(accuracy=0.5)
    other = {"system": f"Sort these reports with care.\n{DEFINED}"}
    assert [label_of(r) for r in answers(model, 200)] == [label_of(r) for r in answers(model, 200, **other)]


@pytest.mark.parametrize(
    ("feature", "without", "with_it"),
    [
        ("label_definitions", {"system": LISTED}, {}),
        ("precedents", {"user": f"{POLICY}{TICKET}"}, {}),
        ("policies", {"user": f"{INCIDENT}{TICKET}"}, {}),
        ("cost_statement", {}, {"system": f"A missed fire costs $900 and a review $6.\n{DEFINED}"}),
    ],
)
def test_a_feature_of_the_prompt_flips_just_the_share_that_it_is_set_to(
    feature: str, without: dict[str, str], with_it: dict[str, str]
) -> None:
    model = persona(accuracy=0.6, sensitivity={feature: 0.2})
    before = [label_of(reply) == "fire" for reply in answers(model, 500, **without)]
    after = [label_of(reply) == "fire" for reply in answers(model, 500, **with_it)]
    flips = Counter(zip(before, after, strict=True))
    assert flips[True, False] == 0
    assert near(flips[False, True], 0.2, 500) and near(sum(before), 0.6, 500)


def test_costs_are_a_statement_of_the_prompts_author_only() -> None:
    model = persona(accuracy=0, sensitivity={"cost_statement": 1})
    stated = "Reviewing costs little: an error is far more expensive."
    assert label_of(model.answer(call(system=f"{stated}{DEFINED}"))) == "fire"
    apart = "Keep these apart:\n- what it costs, roughly\n- an error\n"
    wrapped = "The costs of an\nerror are high."
    assert label_of(model.answer(call(system=f"{apart}{DEFINED}"))) != "fire"
    assert label_of(model.answer(call(system=f"{wrapped}{DEFINED}"))) == "fire"
    in_ticket = TICKET.replace("Nobody is hurt.", "The missing stove costs $40.")
    hidden = f'<label id="fee" title="Fee">A wrong bill that costs 20 EUR.</label>{DEFINED}'
    assert label_of(model.answer(call(user=in_ticket))) != "fire"
    assert label_of(model.answer(call(system=hidden))) != "fire"


@pytest.mark.parametrize(("accuracy", "change"), [(0.9, 1.0), (0.1, -1.0)])
def test_a_moved_accuracy_stays_within_0_and_1(accuracy: float, change: float) -> None:
    given = {
        label_of(reply) == "fire"
        for reply in answers(persona(accuracy=accuracy, sensitivity={"policies": change}), 100)
    }
    assert given == {change > 0}


@pytest.mark.parametrize(
    ("target", "planted"),
    [(None, ("no_answer_key",)), (Target(label=None), ()), (Target(label="storm"), ("gold_not_offered",))],
    ids=["no key", "out of scope", "not offered"],
)
def test_where_no_label_can_be_right_any_is_given_hardly_surer_than_chance(
    target: Target | None, planted: tuple[str, ...]
) -> None:
    replies = answers(persona(target), 400)
    given = Counter(label_of(reply) for reply in replies)
    assert set(given) == set(LABELS) and all(near(count, 0.2, 400) for count in given.values())
    assert {confidence_of(reply) for reply in replies} == {0.205}
    assert {reply.planted for reply in replies} == {planted}


def test_without_a_sample_it_goes_by_what_the_ticket_says() -> None:
    model = persona(accuracy=0.5)
    tickets = [TICKET.replace("Nobody", f"{number} people") for number in range(40)]
    first = [model.answer(call(sample="", user=user)) for user in tickets]
    again = [model.answer(call(sample="", user=f"{POLICY}{user}", system=f"Well.\n{DEFINED}")) for user in tickets]
    assert {reply.planted for reply in first} == {("no_answer_key",)}
    assert [label_of(r) for r in first] == [label_of(r) for r in again]
    assert len({label_of(r) for r in first}) > 2


def test_a_lone_label_is_given_for_sure() -> None:
    reply = persona(GOLD, accuracy=0).answer(call(system='<label id="fire" title="Fire">Smoke.</label>'))
    assert (label_of(reply), confidence_of(reply)) == ("fire", 1.0)
