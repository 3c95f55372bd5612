"""The real `openai` client against the stub: which exception each fault comes to, and chats."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from harness.models.calls import Call, Reply, ToolCall
from harness.models.stub import StubServer
from tests.models.stub.talk import LABELLED, Says

MESSAGES: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture
def client(server: StubServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key="stub", max_retries=0, timeout=1.0) as made:
        yield made


def chat(client: openai.OpenAI, **options: Any) -> Any:
    answered: Any = client.chat.completions.create(model="gpt-any", messages=MESSAGES, **options)
    return list(answered) if options.get("stream") else answered


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limit", openai.RateLimitError),
        ("quota", openai.RateLimitError),
        ("server_error", openai.InternalServerError),
        ("bad_gateway", openai.InternalServerError),
        ("unavailable", openai.InternalServerError),
        ("overloaded", openai.InternalServerError),
        ("authentication", openai.AuthenticationError),
        ("unknown_model", openai.NotFoundError),
        ("context_too_long", openai.BadRequestError),
        ("bad_request", openai.BadRequestError),
        ("timeout", openai.APITimeoutError),
        ("dropped", openai.APIConnectionError),
    ],
)
def test_a_fault_comes_to_the_clients_own_exception(
    client: openai.OpenAI, server: StubServer, fault: str, error: type[Exception], stream: bool
) -> None:
    server.set_faults({"script": [fault]})
    with pytest.raises(error) as caught:
        chat(client.with_options(timeout=0.3), stream=stream)
    assert type(caught.value) is error


def test_the_client_reads_code_message_and_headers_of_an_error(client: openai.OpenAI, server: StubServer) -> None:
    server.set_faults({"script": [{"fault": "quota", "retry_after": 7}]})
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client)
    error = caught.value
    assert (error.code, error.type, error.param) == ("insufficient_quota", "insufficient_quota", None)
    assert error.response.headers["retry-after"] == "7"
    assert str(error.request_id).startswith("req_")


def test_a_truncated_answer_is_a_connection_error(client: openai.OpenAI, server: StubServer) -> None:
    server.set_faults({"script": ["truncated_stream", "truncated_stream"]})
    with pytest.raises(openai.APIConnectionError):
        chat(client)
    with pytest.raises(Exception, match="incomplete chunked read"):
        chat(client, stream=True)


def test_a_body_that_is_no_json_cannot_be_read(client: openai.OpenAI, server: StubServer) -> None:
    server.set_faults({"script": ["bad_body", "bad_body", "html"]})
    with pytest.raises(json.JSONDecodeError):
        chat(client)
    with pytest.raises(json.JSONDecodeError):
        chat(client, stream=True)
    assert str(chat(client)).startswith("<html>")


def test_the_clients_own_retries_wait_as_they_are_told_and_draw_anew(client: openai.OpenAI, server: StubServer) -> None:
    limited = {"fault": "rate_limit", "retry_after": 0.02}
    server.set_faults({"script": [limited, limited, "ok"]})
    assert chat(client.with_options(max_retries=2)).choices[0].message.content == "hello yourself"
    assert [call["status"] for call in server.calls()] == [429, 429, 200]
    server.set_faults({"seed": 4, "rates": {"rate_limit": 0.5}, "retry_after": 0.01})
    for _ in range(5):
        assert chat(client.with_options(max_retries=12)).choices[0].message.content == "hello yourself"


def test_a_request_that_the_service_would_refuse_is_refused(client: openai.OpenAI) -> None:
    schema = {"name": "v", "strict": True, "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
    with pytest.raises(openai.BadRequestError, match="'additionalProperties' is required") as caught:
        chat(client, response_format={"type": "json_schema", "json_schema": schema})
    assert caught.value.param == "response_format"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="m", messages=[{"role": "tool", "tool_call_id": "c", "content": "x"}])
    assert caught.value.param == "messages.[0].role"


class Verdict(BaseModel):
    label: str
    why: str


def test_structured_answers_are_parsed_and_refusals_told(client: openai.OpenAI, server: StubServer, says: Says) -> None:
    says.told = LABELLED
    parsed = client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Verdict)
    assert parsed.choices[0].message.parsed == Verdict(label="fraud", why="money")
    server.set_faults({"script": ["refusal", "truncated", "content_filter"]})
    refused = client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Verdict)
    assert (refused.choices[0].message.parsed, bool(refused.choices[0].message.refusal)) == (None, True)
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Verdict)
    with pytest.raises(openai.ContentFilterFinishReasonError):
        client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Verdict)


def test_a_whole_turn_with_a_tool(client: openai.OpenAI, says: Says) -> None:
    def turn(call: Call) -> Reply:
        if call.messages[-1]["role"] == "tool":
            return Reply(text=f"It is {call.messages[-1]['content']}.")
        return Reply(tool_calls=(ToolCall("call_1", "depth", '{"basin": "north"}'),), finish="tool_calls")

    says.told = turn
    tools: Any = [
        {"type": "function", "function": {"name": "depth", "parameters": {"type": "object", "properties": {}}}}
    ]
    first = chat(client, tools=tools).choices[0]
    assert first.finish_reason == "tool_calls"
    (made,) = first.message.tool_calls
    result = {"role": "tool", "tool_call_id": made.id, "content": "3 m"}
    last = client.chat.completions.create(
        model="m", messages=[*MESSAGES, first.message.model_dump(exclude_none=True), result], tools=tools
    )
    assert last.choices[0].message.content == "It is 3 m."


def test_streams_are_put_together(client: openai.OpenAI, says: Says) -> None:
    says.told = Reply(text="one two", tool_calls=(ToolCall("c", "find", '{"q": 1}'),), finish="tool_calls")
    tools: Any = [{"type": "function", "function": {"name": "find", "strict": True, "parameters": {
        "type": "object", "properties": {"q": {"type": "integer"}}, "required": ["q"], "additionalProperties": False}}}]  # fmt: skip
    with client.chat.completions.stream(model="m", messages=MESSAGES, tools=tools) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion().choices[0]
    assert {"content.delta", "tool_calls.function.arguments.delta"} <= kinds
    assert (final.message.content, final.finish_reason) == ("one two", "tool_calls")
    assert final.message.tool_calls is not None
    assert final.message.tool_calls[0].function.parsed_arguments == {"q": 1}


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["reader"]
    assert client.models.retrieve("reader").owned_by == "harness"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")
