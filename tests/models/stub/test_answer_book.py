"""Which sample a request is about, by its text, and whose answer key that is."""

import json
import time
from pathlib import Path

import pytest

from harness.build.stub import load_answers
from harness.core.types import Target
from harness.evalsets.load import parse_case, read_samples
from harness.models.calls import Call
from harness.models.stub import AnswerBook
from tests.commands import INTENTS, TRIAGE
from tests.models.stub.talk import Says, ask, hello, serving
from tests.world import World

TEXTS = {
    "a": ["The host never came and I stood in the rain.", "no"],
    "b": ["The host never came and I stood in the rain. Then he called me names.", "ok"],
    "c": ["Refund?"],
    "d": ["", "  "],
    "p": ["The same text twice", "on Monday"],
    "q": ["The same text twice", "on Friday"],
}
BOOK = AnswerBook({id: Target(label=id) for id in TEXTS}, TEXTS)


def about(*messages: tuple[str, str]) -> str:
    return BOOK.find(Call("m", tuple({"role": role, "content": text} for role, text in messages)))


def test_the_key_is_by_id() -> None:
    assert BOOK.key("a") == Target(label="a")
    assert BOOK.key("z") is None


def test_a_sample_is_recognised_by_its_longest_text_whatever_its_spaces_and_its_marks() -> None:
    assert (
        about(("system", "Label it."), ("user", "Ticket:\n«the HOST never   came,\nand I stood in the rain»!")) == "a"
    )
    assert about(("user", "refund")) == "c"
    assert about(("user", "no")) == ""
    assert about(("user", "refunds")) == ""


def test_a_text_within_another_is_the_longer_one() -> None:
    assert about(("user", TEXTS["b"][0])) == "b"


def test_the_last_message_that_holds_a_sample_counts_and_answers_never() -> None:
    example = [("user", TEXTS["b"][0]), ("assistant", "rude_host")]
    assert about(*example, ("user", "Refund?")) == "c"
    assert about(("user", "Refund?"), ("assistant", TEXTS["a"][0])) == "c"
    assert about(("user", "Refund?"), ("tool", "nothing found")) == "c"
    assert about(("system", f"Example: {TEXTS['a'][0]}"), ("user", "something else")) == "a"


def test_samples_with_one_text_are_told_apart_by_their_others() -> None:
    assert about(("user", "The same text twice, on Friday")) == "q"
    assert about(("user", "The same text twice, on Monday")) == "p"
    assert about(("user", "The same text twice")) == "p"


def test_nothing_is_recognised_in_other_texts_and_nothing_breaks() -> None:
    assert about(("user", "Who knows what this is.")) == ""
    assert about() == ""
    assert (
        BOOK.find(Call("m", ({"role": "user", "content": None}, {"role": "user", "content": [{"type": "image_url"}]})))
        == ""
    )
    assert AnswerBook({}, {}).find(Call("m", ({"role": "user", "content": "hello"},))) == ""


def test_text_as_json_and_with_what_cannot_be_seen_is_recognised() -> None:
    book = AnswerBook({}, {"x": ["Zeile eins\nzwei \u00fcber\u200ball"]})
    for text in (json.dumps("Zeile eins\nzwei überall", ensure_ascii=False), "Zeile eins zwei u\u0308berall"):
        assert book.find(Call("m", ({"role": "user", "content": text},))) == "x"


def test_long_texts_are_recognised_though_prompts_cut_them() -> None:
    text = " ".join(f"word{n}" for n in range(3000))
    book = AnswerBook({}, {"long": [text]})
    assert book.find(Call("m", ({"role": "user", "content": text[:15_000] + " […cut]"},))) == "long"


def test_a_request_of_any_size_costs_bounded_time() -> None:
    book = AnswerBook({}, {f"s{n}": [f"the the the the number {n}"] for n in range(200)})
    huge = ({"role": "user", "content": "number 7 " * 1_000_000}, {"role": "user", "content": "the " * 2_000_000})
    begun = time.perf_counter()
    assert book.find(Call("m", huge)) == ""
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize("suite", [TRIAGE, INTENTS], ids=["triage", "intents"])
def test_every_shipped_sample_is_recognised_in_a_plain_prompt(suite: Path) -> None:
    book = load_answers(suite)
    kind = "ticket" if suite == TRIAGE else "text"
    samples = list(read_samples(suite.parent / "samples.jsonl", kind=kind))
    wrong = []
    for sample in samples:
        case = parse_case(sample.input, sample_id=sample.id, kind=kind, where="")
        assert case is not None
        prompt = "Which queue?\n\n" + "\n".join(text for _, text in case.untrusted)
        found = book.find(
            Call("m", ({"role": "system", "content": "You route tickets."}, {"role": "user", "content": prompt}))
        )
        if found != sample.id:
            wrong.append(sample.id)
        assert book.key(sample.id) == sample.target
    assert len(wrong) <= 0.03 * len(samples)


def test_inputs_of_ones_own_are_recognised_by_their_strings(world: World) -> None:
    rows = [
        {"id": "s-1", "input": {"question": "How deep is the basin at low tide?", "notes": ["a", {"b": "c"}], "n": 1}, "target": {"value": 3}},
        {"id": "s-2", "input": ["Where is the fuel dock of this harbour?", None], "target": {"value": 4}},
    ]  # fmt: skip
    path = world.write("own.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    suite = world.write(
        "own.yaml", f"name: own\neval_set: {path.name}\ninput: any\nsolver: m:f\nscorers: [exact_match]\n"
    )
    book = load_answers(suite)
    assert book.find(Call("m", ({"role": "user", "content": "Tell me: how deep is the basin at low tide?"},))) == "s-1"
    assert book.find(Call("m", ({"role": "user", "content": "where is the fuel dock of this harbour"},))) == "s-2"
    target = book.key("s-2")
    assert target is not None
    assert target.value == 4


def test_the_header_comes_before_the_metadata_and_that_before_the_text() -> None:
    said = Says()
    text = hello(messages=[{"role": "user", "content": TEXTS["a"][0]}])
    with serving(said, book=BOOK) as server:
        ask(server, {**text, "metadata": {"sample_id": "b"}}, headers={"X-Harness-Sample": "c"})
        ask(server, {**text, "metadata": {"sample_id": "b"}})
        ask(server, {**text, "metadata": {"other": "b"}})
        ask(server, hello())
        ask(server, {"model": "m", "input": TEXTS["b"][0]}, path="/v1/responses")
        assert [call["sample"] for call in server.calls()] == ["c", "b", "a", "", "b"]
    assert [call.sample for call in said.asked] == ["c", "b", "a", "", "b"]
