"""The Responses API: what a request is read as, what a reply is sent as, and what is refused in which words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from harness.models.calls import Call, Reply, Token, ToolCall
from harness.models.stub.errors import ApiError
from harness.models.stub.responses import parse_responses, responses_body, responses_events

TOOL = {"type": "function", "name": "get_weather", "description": "Weather", "parameters": {"type": "object"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
FORMAT = {"type": "json_schema", "name": "form", "schema": SCHEMA, "strict": True}
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
SAID = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"}
GIVEN = {"type": "function_call_output", "call_id": "c1", "output": "rain"}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hello", **fields}


def parsed(**fields: Any) -> Call:
    return parse_responses(body(**fields))


def refused(**fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parsed(**fields)
    return caught.value


class TestParsing:
    def test_a_text_is_a_users_message_and_instructions_stand_before_it(self) -> None:
        call = parsed(instructions="Be kind.")
        assert call.model == "m"
        assert call.turns() == [("system", "Be kind."), ("human", "hello")]

    def test_items_become_messages_and_a_models_calls_one_message(self) -> None:
        call = parsed(
            input=[
                {"role": "system", "content": "Be kind."},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "wait"}]},
                SAID,
                {**SAID, "call_id": "c2"},
                GIVEN,
                {**GIVEN, "call_id": "c2", "output": [{"type": "input_text", "text": "sun"}]},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
                {
                    "role": "user",
                    "content": [{"type": "input_image", "image_url": "data:x"}, {"type": "input_file", "file_id": "f"}],
                },
            ]
        )
        made = {"type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
        assert [dict(message) for message in call.messages] == [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "wait"}],
                "tool_calls": [{"id": "c1", **made}, {"id": "c2", **made}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "sun"}]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}, {"type": "file", "file": {"file_id": "f"}}]},
        ]  # fmt: skip

    def test_a_call_without_text_before_it_is_a_message_of_its_own(self) -> None:
        call = parsed(input=[{"role": "user", "content": "hi"}, SAID, GIVEN])
        assert call.messages[1]["content"] is None and call.messages[1]["role"] == "assistant"

    def test_tools_choice_and_format_take_the_chat_form(self) -> None:
        choice = {"type": "function", "name": "get_weather"}
        call = parsed(tools=[TOOL], tool_choice=choice, text={"format": FORMAT})
        assert call.tools == ({"type": "function", "function": {k: v for k, v in TOOL.items() if k != "type"}},)
        assert call.tool_choice == {"type": "function", "function": {"name": "get_weather"}}
        form = {"name": "form", "schema": SCHEMA, "strict": True}
        assert call.response_format == {"type": "json_schema", "json_schema": form}
        assert parsed(text={"format": {"type": "text"}}).response_format is None
        assert parsed(text={"verbosity": "low"}).response_format is None
        assert parsed(input="some JSON", text={"format": {"type": "json_object"}}).response_format == {
            "type": "json_object"
        }
        assert parsed(tools=[], tool_choice="none").tool_choice == "none"
        assert parsed(tools=[TOOL, {**TOOL, "name": "b", "parameters": None}]).tool_choice is None

    def test_allowed_tools_are_a_choice_among_some_of_the_tools(self) -> None:
        named = {"type": "function", "name": "get_weather"}
        choice = {"type": "allowed_tools", "mode": "required", "tools": [named]}
        call = parsed(tools=[{**TOOL, "name": "b"}, TOOL], tool_choice=choice)
        assert [tool["function"]["name"] for tool in call.tools] == ["get_weather"]
        assert call.tool_choice == "required"
        error = refused(tools=[{**TOOL, "name": "b"}], tool_choice=choice)
        assert (error.status, error.param) == (400, "tool_choice") and "'get_weather' not found" in error.message
        error = refused(tools=[TOOL], tool_choice={**choice, "mode": "all"})
        assert (error.code, error.param) == ("invalid_value", "tool_choice.mode")

    def test_parameters_have_the_chat_apis_names(self) -> None:
        call = parsed(
            max_output_tokens=20, temperature=0.5, top_logprobs=3, include=["message.output_text.logprobs"],
            parallel_tool_calls=False, metadata={"a": "b"}, store=True,
        )  # fmt: skip
        assert call.parameters == {
            "max_tokens": 20, "temperature": 0.5, "top_logprobs": 3, "logprobs": True, "parallel_tool_calls": False,
            "metadata": {"a": "b"},
        }  # fmt: skip
        assert "logprobs" not in parsed(include=["reasoning.encrypted_content"]).parameters


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "status", "param", "message"),
        [
            ({"model": None}, 400, "model", "you must provide a model parameter"),
            ({"input": None}, 400, "input", "Missing required parameter: 'input'."),
            ({"input": 7}, 400, "input", "Invalid type for 'input': expected one of a string or array of input items, but got an integer instead."),
            ({"input": []}, 400, "input", "Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead."),
            ({"input": ["x"]}, 400, "input[0]", "Invalid type for 'input[0]': expected an object, but got a string instead."),
            ({"input": [{"type": "song"}]}, 400, "input[0].type", "Invalid value: 'song'. Supported values are: 'message', "),
            ({"input": [{"role": "tool", "content": ""}]}, 400, "input[0].role", "Invalid value: 'tool'. Supported values are: 'user', "),
            ({"input": [{"role": "user"}]}, 400, "input[0].content", "Missing required parameter: 'input[0].content'."),
            ({"input": [{"role": "user", "content": 7}]}, 400, "input[0].content", "Invalid type for 'input[0].content'"),
            ({"input": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "input[0].content[0].type", "Invalid value: 'image_url'."),
            ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, 400, "input[0].content[0].text", "Missing required parameter"),
            ({"input": [GIVEN]}, 400, "input", "No tool call found for function call output with call_id c1."),
            ({"input": [SAID]}, 400, "input", "No tool output found for function call c1."),
            ({"input": [{"type": "item_reference", "id": "msg_1"}]}, 404, "input", "Item with id 'msg_1' not found."),
            ({"instructions": 7}, 400, "instructions", "Invalid type for 'instructions'"),
            ({"previous_response_id": "resp_9"}, 400, "previous_response_id", "Previous response with id 'resp_9' not found."),
            ({"conversation": {"id": "conv_1"}}, 404, "conversation", "Conversation with id 'conv_1' not found."),
            ({"prompt": "pmpt_1"}, 404, "prompt", "Prompt with id 'pmpt_1' not found."),
            ({"background": True}, 400, "background", "Background responses are not supported"),
            ({"messages": []}, 400, "messages", "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'."),
            ({"response_format": {}}, 400, "response_format", "Unsupported parameter: 'response_format'."),
            ({"max_output_tokens": 3}, 400, "max_output_tokens", "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16"),
            ({"temperature": 3}, 400, "temperature", "Invalid 'temperature'"),
            ({"top_logprobs": 21}, 400, "top_logprobs", "Invalid 'top_logprobs'"),
            ({"include": "all"}, 400, "include", "Invalid type for 'include'"),
            ({"stream": "yes"}, 400, "stream", "Invalid type for 'stream'"),
            ({"tools": [{"type": "web_search"}]}, 400, "tools[0].type", "Invalid value: 'web_search'. Supported values are: 'function'."),
            ({"tools": [{"type": "function", "function": {"name": "f"}}]}, 400, "tools[0].name", "Missing required parameter: 'tools[0].name'."),
            ({"tools": [{**TOOL, "parameters": "x"}]}, 400, "tools[0].parameters", "Invalid type for 'tools[0].parameters'"),
            ({"tools": [{**TOOL, "strict": True, "parameters": OPEN}]}, 400, "tools[0].parameters", "Invalid schema for function 'get_weather'"),
            ({"tool_choice": "required"}, 400, "tool_choice", "Tool choice 'required' must be specified with 'tools' parameter."),
            ({"tool_choice": "some"}, 400, "tool_choice", "Invalid value: 'some'."),
            ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "g"}}, 400, "tool_choice", "Tool choice 'g' not found in 'tools' parameter."),
            ({"tools": [TOOL], "tool_choice": 7}, 400, "tool_choice", "Invalid type for 'tool_choice'"),
            ({"text": "x"}, 400, "text", "Invalid type for 'text'"),
            ({"text": {"format": {"type": "xml"}}}, 400, "text.format.type", "Invalid value: 'xml'."),
            ({"text": {"format": {"type": "json_schema"}}}, 400, "text.format.name", "Missing required parameter: 'text.format.name'."),
            ({"text": {"format": {"type": "json_schema", "name": "f"}}}, 400, "text.format.schema", "Missing required parameter"),
            ({"text": {"format": {**FORMAT, "schema": OPEN}}}, 400, "text.format.schema", "Invalid schema for response_format 'form'"),
            ({"text": {"format": {"type": "json_object"}}}, 400, "input", "Response input messages must contain the word 'json'"),
        ],
        ids=str,
    )  # fmt: skip
    def test_bad_requests_are_refused_as_the_service_words_it(
        self, fields: dict[str, Any], status: int, param: str, message: str
    ) -> None:
        error = refused(**fields)
        assert (error.status, error.param) == (status, param)
        assert error.message.startswith(message)

    @given(
        st.dictionaries(
            st.sampled_from("input instructions tools tool_choice text include metadata max_output_tokens".split()),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["message", "user", "function"])),
                lambda inner: st.one_of(
                    st.lists(inner, max_size=2),
                    st.dictionaries(
                        st.sampled_from("type role content name format call_id".split()), inner, max_size=3
                    ),
                ),
                max_leaves=5,
            ),
        )
    )
    def test_whatever_stands_in_a_body_it_is_read_or_refused(self, fields: dict[str, Any]) -> None:
        try:
            call = parsed(**fields)
        except ApiError as error:
            assert error.status in (400, 404)
        else:
            assert call.messages


CALL = parse_responses(body(tools=[TOOL], text={"format": FORMAT}, max_output_tokens=99, instructions="Be kind."))
LOGGED = parse_responses(body(include=["message.output_text.logprobs"], top_logprobs=1))
TOKENS = (Token("it ", -0.1, (("it ", -0.1), ("He ", -2.5))), Token("rains", -0.2))
REPLIES = {
    "text": Reply(text="It rains, a lot.", input_tokens=7, output_tokens=5, cached_tokens=3),
    "empty": Reply(),
    "refusal": Reply(refusal="I won't say that."),
    "cut": Reply(text="It ra", finish="length"),
    "filtered": Reply(finish="content_filter"),
    "calls": Reply(
        tool_calls=(ToolCall("c1", "get_weather", '{"city": "Paris"}'), ToolCall("c2", "get_weather", "{}"))
    ),
    "text and call": Reply(text="Wait.", tool_calls=(ToolCall("c1", "get_weather", ""),), finish="tool_calls"),
}


def whole(reply: Reply, call: Call = CALL) -> dict[str, Any]:
    return responses_body(reply, call, id="resp_7", created=1_700_000_000)


def streamed(reply: Reply, call: Call = CALL) -> list[tuple[str, dict[str, Any]]]:
    return list(responses_events(reply, call, id="resp_7", created=1_700_000_000))


class TestBody:
    @pytest.mark.parametrize("name", REPLIES)
    def test_it_is_a_response_as_the_client_knows_it(self, name: str) -> None:
        response = Response.model_validate(whole(REPLIES[name]), strict=True)
        assert json.loads(json.dumps(whole(REPLIES[name])))["id"] == response.id == "resp_7"
        assert response.instructions == "Be kind." and response.max_output_tokens == 99
        assert response.text and response.text.format and response.text.format.type == "json_schema"
        assert [tool.type for tool in response.tools] == ["function"]
        ids = [item.id for item in response.output]
        assert len(set(ids)) == len(ids) > 0

    def test_text_refusal_and_calls_have_items_of_their_own(self) -> None:
        kinds = {name: [item["type"] for item in whole(reply)["output"]] for name, reply in REPLIES.items()}
        message = ["message"]
        assert kinds == {
            "text": message, "empty": message, "refusal": message, "cut": message, "filtered": message,
            "calls": ["function_call"] * 2, "text and call": ["message", "function_call"],
        }  # fmt: skip
        assert whole(REPLIES["refusal"])["output"][0]["content"] == [
            {"type": "refusal", "refusal": "I won't say that."}
        ]
        assert whole(REPLIES["calls"])["output"][0]["call_id"] == "c1"

    @pytest.mark.parametrize(
        ("name", "status", "reason"),
        [
            ("text", "completed", None),
            ("cut", "incomplete", "max_output_tokens"),
            ("filtered", "incomplete", "content_filter"),
        ],
    )
    def test_an_answer_that_was_stopped_is_incomplete(self, name: str, status: str, reason: str | None) -> None:
        response = whole(REPLIES[name])
        assert response["status"] == status
        assert response["incomplete_details"] == ({"reason": reason} if reason else None)
        assert response["output"][0]["status"] == status

    def test_usage_counts_and_says_whether_it_is_estimated(self) -> None:
        usage = whole(REPLIES["text"])["usage"]
        assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (7, 5, 12)
        assert usage["input_tokens_details"]["cached_tokens"] == 3 and "estimated" not in usage
        assert whole(Reply(estimated=True))["usage"]["estimated"] is True

    def test_logprobs_are_given_where_they_are_included(self) -> None:
        reply = Reply(text="it rains", logprobs=TOKENS)
        part = whole(reply, LOGGED)["output"][0]["content"][0]
        assert [one["token"] for one in part["logprobs"]] == ["it ", "rains"]
        assert part["logprobs"][0]["top_logprobs"][0]["logprob"] == -0.1
        assert whole(reply)["output"][0]["content"][0]["logprobs"] == []

    def test_a_named_tool_choice_is_told_in_the_flat_form(self) -> None:
        choice = {"type": "function", "name": "get_weather"}
        assert whole(Reply(), parsed(tools=[TOOL], tool_choice=choice))["tool_choice"] == choice
        assert whole(Reply(), parsed())["tool_choice"] == "auto"


class TestEvents:
    @pytest.mark.parametrize("name", REPLIES)
    def test_they_are_events_as_the_client_knows_them_numbered_from_0(self, name: str) -> None:
        events = streamed(REPLIES[name])
        for number, (kind, data) in enumerate(events):
            event = EVENT.validate_python(data)
            assert event.type == kind and event.sequence_number == number
        assert [kind for kind, _ in events[:2]] == ["response.created", "response.in_progress"]
        last = whole(REPLIES[name])
        assert events[-1][0] == f"response.{last['status']}" and events[-1][1]["response"] == last
        assert events[0][1]["response"]["output"] == [] and events[0][1]["response"]["usage"] is None

    @pytest.mark.parametrize("name", REPLIES)
    def test_the_deltas_spell_what_the_items_hold(self, name: str) -> None:
        spelt: dict[tuple[str, str], str] = {}
        for kind, data in streamed(REPLIES[name]):
            if kind.endswith(".delta"):
                key = (data["item_id"], kind.removesuffix(".delta"))
                spelt[key] = spelt.get(key, "") + data["delta"]
        held: dict[tuple[str, str], str] = {}
        for item in whole(REPLIES[name])["output"]:
            if item["type"] == "function_call":
                held[item["id"], "response.function_call_arguments"] = item["arguments"]
            elif item["content"][0]["type"] == "refusal":
                held[item["id"], "response.refusal"] = item["content"][0]["refusal"]
            else:
                held[item["id"], "response.output_text"] = item["content"][0]["text"]
        assert spelt == {key: text for key, text in held.items() if text}

    def test_text_comes_in_the_services_order(self) -> None:
        kinds = [kind.removeprefix("response.") for kind, _ in streamed(REPLIES["text"])]
        middle = [kind for kind in kinds if kind != "output_text.delta"]
        assert middle == [
            "created", "in_progress", "output_item.added", "content_part.added", "output_text.done",
            "content_part.done", "output_item.done", "completed",
        ]  # fmt: skip
        assert kinds.count("output_text.delta") > 3

    def test_calls_come_in_the_services_order(self) -> None:
        kinds = [kind.removeprefix("response.") for kind, _ in streamed(REPLIES["text and call"])]
        assert kinds[-4:] == ["output_item.added", "function_call_arguments.done", "output_item.done", "completed"]

    def test_an_item_begins_empty(self) -> None:
        added = [data["item"] for kind, data in streamed(REPLIES["calls"]) if kind.endswith("item.added")]
        assert [(item["status"], item["arguments"]) for item in added] == [("in_progress", "")] * 2

    def test_each_delta_carries_its_logprobs(self) -> None:
        events = streamed(Reply(text="it rains", logprobs=TOKENS), LOGGED)
        deltas = [data for kind, data in events if kind.endswith("text.delta")]
        assert [(data["delta"], data["logprobs"][0]["token"]) for data in deltas] == [
            ("it ", "it "),
            ("rains", "rains"),
        ]
