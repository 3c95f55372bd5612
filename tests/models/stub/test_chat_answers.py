"""Completions as they come back: bodies, streams, limits, log-probabilities, tool calls."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.models.calls import Call, Reply, Token, ToolCall
from harness.models.stub import StubServer
from harness.models.stub.tokens import MADE_UP, split, tokens_of
from harness.models.stub.trim import obey, trim
from tests.models.stub.conftest import AnsweredBy
from tests.models.stub.talk import LABELLED, Says, ask, hello

TOOL = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
OTHER = {"type": "function", "function": {"name": "lose", "parameters": {"type": "object"}}}
TWO_CALLS = Reply(
    tool_calls=(ToolCall("c1", "find", '{"a": "one"}'), ToolCall("c2", "lose", '{"b": "two"}')), finish="tool_calls"
)


def test_a_completion_has_the_form_of_the_service(answered: AnsweredBy) -> None:
    got = answered(Reply(text="Hi.", input_tokens=9, output_tokens=2, cached_tokens=4, model="inner"))
    body = got.json
    assert got.status == 200
    assert body["id"].startswith("chatcmpl-")
    assert (body["object"], body["model"], body["service_tier"]) == ("chat.completion", "gpt-any", "default")
    assert body["system_fingerprint"] == "harness-stub:says"
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi.", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    usage = body["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (9, 2, 11)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 4
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 0
    assert "estimated" not in usage


def test_headers_are_those_of_the_service(answered: AnsweredBy) -> None:
    headers = answered("x").headers
    assert headers["x-request-id"].startswith("req_")
    assert headers["openai-processing-ms"].isdigit()
    assert headers["content-type"] == "application/json"
    assert {"openai-version", "openai-organization"} <= headers.keys()
    for kind in ("requests", "tokens"):
        assert {f"x-ratelimit-{what}-{kind}" for what in ("limit", "remaining", "reset")} <= headers.keys()


def test_what_is_simulated_and_what_is_estimated_is_marked(answered: AnsweredBy) -> None:
    body = answered(Reply(text="x", simulated=True, estimated=True)).json
    assert body["system_fingerprint"] == "harness-stub:says:simulated"
    assert body["usage"]["estimated"] is True
    assert body["usage"]["total_tokens"] == 0


def test_ids_never_repeat(server: StubServer) -> None:
    ids = {ask(server, hello()).json["id"] for _ in range(3)}
    server.clear()
    assert len(ids | {ask(server, hello()).json["id"]}) == 4


def test_the_engine_gets_the_request_and_the_harness_its_channel(server: StubServer, says: Says) -> None:
    sent = {"X-Harness-Sample": r"t-\xe9\u20ac", "X-Harness-Trial": "2", "x-harness-draw": "5"}
    body = hello(tools=[TOOL], tool_choice="auto", temperature=0.5, response_format={"type": "text"})
    ask(server, body, headers=sent)
    (call,) = says.asked
    assert (call.sample, call.trial, call.draw) == ("t-é€", 2, 5)
    assert (call.model, call.tools, call.tool_choice) == ("gpt-any", (TOOL,), "auto")
    assert call.parameters == {"temperature": 0.5}


@pytest.mark.parametrize("value", ["-1", "two", "1.5", "9" * 30, ""])
def test_a_trial_that_is_no_number_is_refused(server: StubServer, value: str) -> None:
    got = ask(server, hello(), headers={"X-Harness-Trial": value})
    assert (got.status, got.error["param"]) == (400, "x-harness-trial")


def test_several_choices_are_several_draws_of_one_prompt(server: StubServer, says: Says) -> None:
    says.told = lambda call: Reply(text=f"draw {call.draw}", input_tokens=10, output_tokens=2)
    body = ask(server, hello(n=3), headers={"X-Harness-Draw": "4"}).json
    assert [choice["message"]["content"] for choice in body["choices"]] == ["draw 4", "draw 5", "draw 6"]
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (10, 6)


def test_tool_calls_stand_beside_a_null_content(answered: AnsweredBy) -> None:
    (choice,) = answered(TWO_CALLS, tools=[TOOL, OTHER]).json["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"][0] == {
        "id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"a": "one"}'},
    }  # fmt: skip
    (choice,) = answered(Reply(text="Wait.", tool_calls=TWO_CALLS.tool_calls), tools=[TOOL]).json["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Wait.", "tool_calls")


def test_without_parallel_calls_there_is_one(answered: AnsweredBy) -> None:
    (choice,) = answered(TWO_CALLS, tools=[TOOL, OTHER], parallel_tool_calls=False).json["choices"]
    assert [call["id"] for call in choice["message"]["tool_calls"]] == ["c1"]


@pytest.mark.parametrize(
    ("choice", "called"), [("required", "find"), ({"type": "function", "function": {"name": "lose"}}, "lose")]
)
def test_a_tool_that_has_to_be_called_is_called_by_an_engine_that_would_not(
    answered: AnsweredBy, choice: Any, called: str
) -> None:
    got = answered("just words", tools=[TOOL, OTHER], tool_choice=choice).json
    (message,) = [each["message"] for each in got["choices"]]
    assert message["tool_calls"][0]["function"]["name"] == called
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {}
    assert got["system_fingerprint"].endswith(":simulated")


def test_a_call_of_the_right_tool_a_refusal_and_a_planted_flaw_stay_as_they_are() -> None:
    required = Call("m", ({"role": "user", "content": "x"},), tools=(TOOL,), tool_choice="required")
    for reply in (
        TWO_CALLS,
        Reply(refusal="no"),
        Reply(text="cut", finish="length"),
        Reply(text="{", planted=("overconfident", "malformed")),
    ):
        assert obey(reply, required, name="m") is reply
    assert obey(Reply(text="x", planted=("overconfident",)), required, name="m").tool_calls


def test_a_refusal_has_no_content(answered: AnsweredBy) -> None:
    (choice,) = answered(Reply(refusal="I won't.", text="")).json["choices"]
    assert (choice["message"]["content"], choice["message"]["refusal"]) == (None, "I won't.")
    assert choice["finish_reason"] == "stop"


def test_stop_sequences_end_the_text_before_the_first_of_them(answered: AnsweredBy) -> None:
    assert answered("one two three", stop=[" three", " two"]).text == "one"
    assert answered("one two three", stop="").text == "one two three"
    assert answered("one two three", stop="four").text == "one two three"
    assert answered("stop here", stop="stop").text == ""


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_token_limit_cuts_the_text_and_says_so(answered: AnsweredBy, name: str) -> None:
    body = answered(Reply(text="one two three four", output_tokens=4), **{name: 2}).json
    (choice,) = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one two", "length")
    assert body["usage"]["completion_tokens"] == 2


def test_a_token_limit_that_is_not_reached_changes_nothing_but_a_higher_count(answered: AnsweredBy) -> None:
    body = answered(Reply(text="one two", output_tokens=50), max_tokens=9).json
    assert (body["choices"][0]["finish_reason"], body["usage"]["completion_tokens"]) == ("stop", 9)
    assert trim(Reply(text="x"), stop=(), max_tokens=3).output_tokens is None


def test_a_token_limit_cuts_the_arguments_of_tools_too() -> None:
    arguments = len(split('{"a": "one"}'))
    cut = trim(TWO_CALLS, stop=(), max_tokens=arguments + 2)
    assert [call.arguments for call in cut.tool_calls] == ['{"a": "one"}', "".join(split('{"b": "two"}')[:2])]
    assert (cut.finish, cut.output_tokens) == ("length", arguments + 2)
    first = trim(TWO_CALLS, stop=(), max_tokens=2)
    assert len(first.tool_calls) == 1
    with_tokens = Reply(text="one two", logprobs=(Token("one", -1.0), Token(" two", -2.0)))
    assert trim(with_tokens, stop=(), max_tokens=1).logprobs == (Token("one", -1.0),)


@given(st.text(max_size=300))
def test_the_tokens_of_a_text_join_to_it(text: str) -> None:
    assert "".join(split(text)) == text
    assert "".join(token.text for token in tokens_of(Reply(text=text, probabilities={"a": 1.0}))) == text


def test_tokens_hold_no_more_than_a_word_or_a_few_signs() -> None:
    assert split('Hello, world!  {"a": 12}') == ["Hello", ",", " world", "!", "  ", '{"', "a", '":', " 12", "}"]
    assert split("Donaudampfschifffahrt") == ["Donaudampfsc", "hifffahrt"]


def content(answered: AnsweredBy, reply: Reply, **changes: Any) -> Any:
    return answered(reply, **{"logprobs": True, **changes}).json["choices"][0]["logprobs"]["content"]


def test_log_probabilities_are_made_up_where_the_model_has_no_opinion(answered: AnsweredBy) -> None:
    tokens = content(answered, Reply(text="Hi é."), top_logprobs=2)
    assert [token["token"] for token in tokens] == ["Hi", " é", "."]
    assert {token["logprob"] for token in tokens} == {MADE_UP}
    assert tokens[1]["bytes"] == list(" é".encode())
    assert tokens[0]["top_logprobs"] == [{"token": "Hi", "logprob": MADE_UP, "bytes": [72, 105]}]


def test_the_label_carries_its_probability_and_the_other_labels_stand_beside_it(answered: AnsweredBy) -> None:
    reply = Reply(text=LABELLED, probabilities={"spam": 0.25, "fraud": 0.7, "threat": 0.05, "none": 0.0})
    tokens = content(answered, reply, top_logprobs=20)
    assert "".join(token["token"] for token in tokens) == LABELLED
    (label,) = [token for token in tokens if token["token"] == "fraud"]
    assert label["logprob"] == pytest.approx(math.log(0.7))
    assert [other["token"] for other in label["top_logprobs"]] == ["fraud", "spam", "threat", "none"]
    assert [other["logprob"] for other in label["top_logprobs"]][1:] == [
        pytest.approx(math.log(0.25)), pytest.approx(math.log(0.05)), -9999.0,
    ]  # fmt: skip
    assert {token["logprob"] for token in tokens if token is not label} == {MADE_UP}
    assert [len(token["top_logprobs"]) for token in content(answered, reply, top_logprobs=1)] == [1] * len(tokens)
    assert [len(token["top_logprobs"]) for token in content(answered, reply)] == [0] * len(tokens)


def test_where_one_label_begins_another_the_quote_tells_them_apart() -> None:
    reply = Reply(text=LABELLED, probabilities={"fraud": 0.6, "fraud_ring": 0.4})
    (label,) = [token for token in tokens_of(reply) if token.logprob != MADE_UP]
    assert label.text == 'fraud"'
    assert [text for text, _ in label.top] == ['fraud"', 'fraud_ring"']


def test_a_label_keeps_the_escapes_that_it_is_written_with() -> None:
    for written in (r'{"label": "caf\u00e9"}', '{"label": "café"}'):
        tokens = tokens_of(Reply(text=written, probabilities={"café": 0.9, "bar": 0.1}))
        (label,) = [token for token in tokens if token.logprob != MADE_UP]
        assert label.logprob == pytest.approx(math.log(0.9))
        assert label.text == written[len('{"label": "') : -2]
        assert [text for text, _ in label.top] == [label.text, "bar"]


def test_a_label_the_model_knows_nothing_of_is_impossible() -> None:
    for written in ('{"label": "else"}', r'{"label": "\q"}'):
        tokens = tokens_of(Reply(text=written, probabilities={"a": 1.0}))
        assert [token.logprob for token in tokens if token.logprob != MADE_UP] == [-9999.0]


def test_an_engines_own_tokens_are_shown_and_an_empty_text_has_none(answered: AnsweredBy) -> None:
    own = Reply(text="ab", logprobs=(Token("a", -0.5, (("a", -0.5), ("x", -1.5))), Token("b", -0.25)))
    tokens = content(answered, own, top_logprobs=1)
    assert [(token["token"], token["logprob"], len(token["top_logprobs"])) for token in tokens] == [
        ("a", -0.5, 1),
        ("b", -0.25, 0),
    ]
    assert answered(TWO_CALLS, logprobs=True).json["choices"][0]["logprobs"] is None


def joined(events: list[Any], index: int = 0) -> str:
    deltas = [choice["delta"] for event in events for choice in event["choices"] if choice["index"] == index]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_a_stream_is_chunks_that_join_to_the_text(answered: AnsweredBy) -> None:
    got = answered("Hello, world!", stream=True)
    assert got.headers["content-type"].startswith("text/event-stream")
    events = got.events
    assert joined(events) == "Hello, world!"
    assert events[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert events[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert len({event["id"] for event in events}) == 1
    assert all("usage" not in event for event in events)


def test_a_stream_ends_with_its_usage_where_that_is_asked_for(answered: AnsweredBy) -> None:
    events = answered(
        Reply(text="Hi", input_tokens=4, output_tokens=1), stream=True, stream_options={"include_usage": True}
    ).events
    assert (events[-1]["choices"], events[-1]["usage"]["total_tokens"]) == ([], 5)
    assert {event["usage"] for event in events[:-1]} == {None}


def test_a_streamed_tool_call_begins_with_its_name_and_goes_on_with_its_arguments(answered: AnsweredBy) -> None:
    events = answered(TWO_CALLS, tools=[TOOL], stream=True).events
    pieces = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls", [])]
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": ""}}
    assert pieces[0] == first
    for index, arguments in enumerate(['{"a": "one"}', '{"b": "two"}']):
        assert "".join(each["function"]["arguments"] for each in pieces if each["index"] == index) == arguments
    assert events[0]["choices"][0]["delta"]["content"] is None
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_streams_carry_log_probabilities_refusals_and_several_choices(answered: AnsweredBy) -> None:
    logged = [event["choices"][0] for event in answered("Hi you", stream=True, logprobs=True, top_logprobs=1).events]
    assert [choice["logprobs"]["content"][0]["token"] for choice in logged if choice["logprobs"]] == ["Hi", " you"]
    refused = answered(Reply(refusal="No, never."), stream=True).events
    assert "".join(event["choices"][0]["delta"].get("refusal") or "" for event in refused) == "No, never."
    assert joined(refused) == ""
    empty = answered(Reply(), stream=True, logprobs=True).events
    assert len(empty) == 2
    events = answered(lambda call: Reply(text=f"draw {call.draw}"), stream=True, n=2).events
    assert (joined(events, 0), joined(events, 1)) == ("draw 0", "draw 1")


def test_text_that_utf8_cannot_carry_comes_through_as_escapes(answered: AnsweredBy) -> None:
    got = answered(Reply(text="a\ud800b"), logprobs=True)
    assert rb"\ud800" in got.body
    assert got.json["choices"][0]["message"]["content"] == "a\ud800b"


def test_a_delay_is_waited(answered: AnsweredBy, server: StubServer) -> None:
    assert answered(Reply(text="late", delay_ms=120)).text == "late"
    (call,) = server.calls()
    assert call["ms"] >= 120
