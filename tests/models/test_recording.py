"""Calls are recorded and replayed: what identifies one, what is written, what a cassette gives back."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from harness.models.calls import Call, Reply, Token, ToolCall
from harness.models.entries import TRANSPORT
from harness.models.recording import Cassette, call_key
from harness.models.settings import Way
from tests.models.recorded import LABEL_TOOL, LOOK_TOOL, REPLY, SCHEMA, a_call

# a high surrogate before a low one is the character that the pair means, in every JSON
TEXT = st.text(st.characters(codec=None, exclude_categories=())).filter(
    lambda text: text == text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
LOGPROB = st.floats(-9999, 0)
REPLIES = st.builds(
    Reply,
    text=TEXT,
    tool_calls=st.lists(st.builds(ToolCall, id=TEXT, name=TEXT, arguments=TEXT), max_size=2).map(tuple),
    finish=st.sampled_from(["stop", "tool_calls", "length", "content_filter"]),
    refusal=st.none() | TEXT,
    input_tokens=st.none() | st.integers(0, 10**9),
    output_tokens=st.none() | st.integers(0, 10**9),
    cached_tokens=st.integers(0, 10**9),
    estimated=st.booleans(),
    model=TEXT,
    request_id=st.none() | TEXT,
    logprobs=st.none()
    | st.lists(
        st.builds(Token, text=TEXT, logprob=LOGPROB, top=st.lists(st.tuples(TEXT, LOGPROB), max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    simulated=st.booleans(),
    planted=st.lists(TEXT, max_size=2).map(tuple),
)
CALLS = st.builds(
    Call,
    model=TEXT,
    messages=st.lists(
        st.builds(
            lambda content, rest: {"role": "user", "content": content, **rest},
            JSON,
            st.just({}) | st.just({"name": "x"}),
        ),
        max_size=3,
    ).map(tuple),
    tools=st.lists(st.dictionaries(TEXT, JSON, max_size=2), max_size=2).map(tuple),
    tool_choice=JSON,
    response_format=JSON,
    parameters=st.dictionaries(TEXT, JSON, max_size=2),
    sample=TEXT,
    trial=st.integers(0, 3),
    draw=st.integers(0, 3),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "calls.jsonl"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def record(path: Path, *calls: Call, reply: Reply = REPLY) -> None:
    with Cassette.open(path, mode="record") as cassette:
        for call in calls:
            cassette.put(call, reply)


@given(call=CALLS, reply=REPLIES)
def test_any_call_and_its_reply_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, call: Call, reply: Reply
) -> None:
    path = tmp_path_factory.mktemp("any") / "calls.jsonl"
    record(path, call, reply=reply)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(call) == reply
        assert cassette.models == (call.model,)
        assert cassette.get(replace(call, sample=f"{call.sample}x")) == reply


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "n"},
        {"messages": ({"role": "user", "content": "x"},)},
        {"parameters": {"temperature": 1}},
        {"tools": (LOOK_TOOL,)},
        {"tool_choice": "none"},
        {"response_format": SCHEMA},
        {"trial": 1},
        {"draw": 1},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_part_of_a_call_has_its_share_in_the_key(changed: dict[str, Any]) -> None:
    assert call_key(a_call(**changed)) != call_key(a_call())


def test_what_no_reply_depends_on_has_no_share_in_the_key() -> None:
    transport = {name: "x" for name in TRANSPORT} | {"api_key": "sk-1", "openai_api_key": "x", "stop": None}
    assert call_key(a_call(sample="other", native=object(), parameters=transport)) == call_key(a_call())
    nested = [a_call(parameters={"extra_body": {"api_key": key, "top_k": 3}}) for key in ("sk-1", "sk-2")]
    assert len({call_key(call) for call in nested}) == 1
    assert call_key(nested[0]) != call_key(a_call(parameters={"extra_body": {"top_k": 4}}))


def test_a_key_is_the_same_for_ever() -> None:
    """A changed key would make every cassette there is useless."""
    call = Call("m", ({"role": "user", "content": "é\ud800\0"},), parameters={"b": 1, "a": [0.5]}, trial=1)
    assert call_key(call) == "7cbf56c5320d66205451fbf08ae30ca10d1e10721f5d2193e71e7b839e098090"


def test_a_number_that_json_lacks_is_the_users_mistake() -> None:
    with pytest.raises(UsageError, match=r"not JSON compliant.*; look for \.nan and \.inf among its parameters"):
        call_key(a_call(parameters={"temperature": float("nan")}))


def test_messages_need_not_be_dicts(path: Path) -> None:
    call = a_call(messages=(MappingProxyType({"role": "user", "content": ({"type": "text", "text": "x"},)}),))
    record(path, call)
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(call) == REPLY


def test_a_line_is_readable_stable_and_without_what_is_as_always(path: Path) -> None:
    message = {"tool": 1, "name": "ann", "content": "Gebühr – 料金\u2028\ud800\0", "role": "user"}
    odd = a_call(messages=(message,), parameters={"b": 2, "a": 1})
    record(path, odd, reply=Reply(text="ja", logprobs=(Token("ja", float("-inf"), (("nein", -1.5),)),)))
    _, line = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert line == (
        f'{{"key": "{call_key(odd)}", "model": "m", "sample": "t-1", "parameters": {{"a": 1, "b": 2}}, '
        '"messages": [{"role": "user", "content": "Gebühr – 料金\u2028\\ud800\\u0000", "name": "ann", "tool": 1}], '
        '"reply": {"text": "ja", "logprobs": [["ja", -9999.0, [["nein", -1.5]]]]}}'
    )


def test_recording_the_same_again_makes_the_same_file(tmp_path: Path) -> None:
    calls = [a_call(str(number), tools=(LABEL_TOOL,), trial=number % 2) for number in range(5)]
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for file in files:
        record(file, *calls)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_many_calls_share_stands_once_and_keeps_its_place(path: Path) -> None:
    shared = {"tools": (LABEL_TOOL,), "tool_choice": "auto"}
    record(path, a_call(), a_call("b", **shared), a_call("c", **shared), a_call("d", response_format=SCHEMA))
    header, plain, first, b, c, second, d = rows(path)
    assert header == {"schema_version": 1, "kind": "cassette"}
    assert first == {"form": first["form"], "tools": [LABEL_TOOL], "tool_choice": "auto"}
    assert second == {"form": second["form"], "response_format": SCHEMA}
    assert len(first["form"]) == 16
    assert "form" not in plain and [b["form"], c["form"], d["form"]] == [first["form"], first["form"], second["form"]]
    record(path, a_call("e", **shared))
    assert len(rows(path)) == 8


def test_no_secret_is_written(path: Path) -> None:
    planted = "sk-planted-0123456789"
    parameters = {
        "api_key": planted,
        "default_headers": {"X-Org": planted},
        "base_url": f"https://host.example/{planted}",
        "extra_body": {"authorization": planted, "credentials": {"value": planted}, "top_k": 5},
    }
    record(path, a_call(parameters=parameters), reply=replace(REPLY, native={"key": planted}))
    assert planted.encode() not in path.read_bytes()
    assert rows(path)[1]["parameters"] == {
        "extra_body": {"authorization": "(secret)", "credentials": {"value": "(secret)"}, "top_k": 5}
    }
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call(parameters={**parameters, "api_key": "another"})) == REPLY


def test_filling_replays_what_it_has_and_records_the_rest(path: Path) -> None:
    with Cassette.open(path, mode="filling") as cassette:
        assert cassette.get(a_call()) is None and len(cassette) == 0
        cassette.put(a_call(), REPLY)
        assert cassette.get(a_call()) == REPLY and len(cassette) == 1


def test_recording_makes_every_call_and_the_later_reply_counts(path: Path) -> None:
    with Cassette.open(path, mode="record") as cassette:
        cassette.put(a_call(), REPLY)
        cassette.put(a_call(), replace(REPLY, request_id="r-2"))
        assert len(path.read_bytes().splitlines()) == 2, "an equal reply is not written again"
        cassette.put(a_call(), replace(REPLY, text="another"))
        assert cassette.get(a_call()) is None
        assert len(cassette) == 1
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call()) == replace(REPLY, text="another")
        with pytest.raises(ValueError, match="not written to"):
            cassette.put(a_call("b"), REPLY)


def test_what_the_process_alone_has_is_not_recorded(path: Path) -> None:
    record(path, a_call(), reply=replace(REPLY, native=object(), delay_ms=9.0, probabilities={"a": 1.0}))
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.get(a_call()) == REPLY


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"response_format": SCHEMA}, Way("json_schema", tools=False)),
        ({"tools": (LOOK_TOOL,)}, Way("text")),
        ({"tools": (LOOK_TOOL, LABEL_TOOL)}, Way("tool")),
        ({"tools": (LABEL_TOOL,), "response_format": SCHEMA}, Way("json_schema")),
        ({"response_format": {"type": "json_object"}}, Way("text", tools=False)),
        ({"tools": ({"function": []},)}, Way("text")),
    ],
)
def test_a_cassette_says_how_the_answer_was_asked_for(path: Path, changed: dict[str, Any], found: Way) -> None:
    record(path)
    with Cassette.open(path, mode="strict") as cassette:
        assert (cassette.way, cassette.models, len(cassette)) == (None, (), 0)
    record(path, a_call(**changed), a_call("later", response_format=SCHEMA, model="l"))
    with Cassette.open(path, mode="strict") as cassette:
        assert (cassette.way, cassette.models, len(cassette)) == (found, ("l", "m"), 2)


def test_a_cassette_of_calls_without_a_form_was_asked_for_text(path: Path) -> None:
    record(path, a_call())
    with Cassette.open(path, mode="strict") as cassette:
        assert cassette.way == Way("text", tools=False)


def test_closing_twice_does_nothing(path: Path) -> None:
    with Cassette.open(path, mode="record") as cassette:
        cassette.close()
