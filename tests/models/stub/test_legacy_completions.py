"""The legacy completions endpoint: a prompt in, text out."""

from typing import Any

import pytest

from harness.models.calls import Reply
from harness.models.stub import StubServer
from tests.models.stub.talk import Answered, Says, ask

TEXT = "one two three"


def complete(server: StubServer, **changes: Any) -> Answered:
    return ask(server, {"model": "old", "prompt": "hello", **changes}, path="/v1/completions")


def test_a_prompt_is_one_users_message_and_the_answer_is_text(server: StubServer, says: Says) -> None:
    body = complete(server, temperature=0.5, user="u", best_of=3).json
    assert [(dict(call.messages[0]), call.parameters) for call in says.asked] == [
        ({"role": "user", "content": "hello"}, {"temperature": 0.5, "best_of": 3})
    ]
    assert (body["object"], body["model"], body["id"][:5]) == ("text_completion", "old", "cmpl-")
    assert body["choices"] == [{"text": "hello yourself", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (7, 3)
    assert server.calls()[0]["path"] == "/v1/completions" and server.calls()[0]["messages"] == 1
    assert complete(server, prompt=None).status == 200 and says.asked[-1].messages[0]["content"] == ""


def test_each_prompt_gets_its_choices_in_order_and_counts_once(server: StubServer, says: Says) -> None:
    says.told = lambda call: Reply(text=f"{call.turns()[0][1]}{call.draw}", input_tokens=5, output_tokens=2)
    body = complete(server, prompt=["a", "b"], n=2).json
    assert [(one["index"], one["text"]) for one in body["choices"]] == [(0, "a0"), (1, "a1"), (2, "b0"), (3, "b1")]
    assert (body["usage"]["prompt_tokens"], body["usage"]["total_tokens"]) == (10, 18)


def test_a_stream_spells_the_same_text_and_ends_with_its_usage(server: StubServer, says: Says) -> None:
    says.told = TEXT
    *chunks, last = complete(server, stream=True, stream_options={"include_usage": True}).events
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [one["text"] for one in choices] == ["one", " two", " three", ""]
    assert [one["finish_reason"] for one in choices] == [None, None, None, "stop"]
    assert last["choices"] == [] and last["usage"]["total_tokens"] == 10
    assert {chunk["object"] for chunk in (*chunks, last)} == {"text_completion"}
    assert len(complete(server, stream=True).events) == 4


def test_stop_and_limits_cut_the_text(server: StubServer, says: Says) -> None:
    says.told = "a " * 40
    whole = complete(server).json["choices"][0]
    assert (whole["finish_reason"], len(whole["text"].split())) == ("length", 16), "16 tokens where none is said"
    assert complete(server, max_tokens=3, stop="x").json["choices"][0]["text"] == "a a a"
    says.told = TEXT
    assert complete(server, stop=["three"]).json["choices"][0]["text"] == "one two "


def test_log_probabilities_are_arrays_of_equal_length(server: StubServer, says: Says) -> None:
    says.told = TEXT
    made = complete(server, logprobs=1).json["choices"][0]["logprobs"]
    assert made == {
        "tokens": ["one", " two", " three"],
        "token_logprobs": [-0.01] * 3,
        "top_logprobs": [{"one": -0.01}, {" two": -0.01}, {" three": -0.01}],
        "text_offset": [0, 3, 7],
    }
    says.told = ""
    assert complete(server, logprobs=0).json["choices"][0]["logprobs"]["text_offset"] == []


def test_faults_are_planted_as_elsewhere(server: StubServer) -> None:
    server.set_faults({"script": ["rate_limit", "empty_choices", "empty_choices", "wrong_model"]})
    assert complete(server).status == 429
    assert complete(server).json["choices"] == []
    assert {len(event["choices"]) for event in complete(server, stream=True).events} == {0}
    assert complete(server).json["model"] != "old"


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        ({"prompt": 3}, "prompt", "expected one of a string or array of strings, but got an integer"),
        ({"prompt": []}, "prompt", "empty array"),
        ({"prompt": [[1, 2]]}, "prompt[0]", "expected a string, but got an array"),
        ({"logprobs": 6}, "logprobs", "Expected a value <= 5"),
        ({"echo": True}, "echo", "does not support 'echo'"),
        ({"suffix": "end"}, "suffix", "does not support 'suffix'"),
        ({"temperature": 3}, "temperature", "Expected a value <= 2"),
        ({"stream_options": {}}, "stream_options", "only allowed when 'stream' is enabled"),
    ],
)
def test_a_wrong_request_is_a_400_that_names_the_parameter(
    server: StubServer, changes: dict[str, Any], param: str, message: str
) -> None:
    got = complete(server, **changes)
    assert (got.status, got.error["param"]) == (400, param)
    assert message in got.error["message"]
