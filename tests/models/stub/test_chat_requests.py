"""What the chat endpoint refuses, in the words of the real service."""

from typing import Any

import pytest

from harness.models.stub import StubServer
from harness.models.stub.chat import parse_chat
from harness.models.stub.errors import ApiError, kind_of
from tests.models.stub.talk import Says, ask, hello


def refused(body: dict[str, Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse_chat(body)
    return caught.value


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def calling(*ids: str) -> dict[str, Any]:
    calls = [{"id": id, "type": "function", "function": {"name": "find", "arguments": "{}"}} for id in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(id: str | None) -> dict[str, Any]:
    return {"role": "tool", "content": "found", **({} if id is None else {"tool_call_id": id})}


def tool(name: Any = "find", **function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}, **function}}


def schema(**given: Any) -> dict[str, Any]:
    whole = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
    return {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": whole, **given}}


@pytest.mark.parametrize(
    ("body", "param", "code", "message"),
    [
        (hello(model=...), "model", None, "you must provide a model parameter"),
        (hello(model=""), "model", None, "you must provide a model parameter"),
        (hello(model=3), "model", "invalid_type", "expected a string, but got an integer instead"),
        (hello(messages=...), "messages", "missing_required_parameter", "Missing required parameter: 'messages'."),
        (hello(messages="hi"), "messages", "invalid_type", "expected an array of objects, but got a string instead"),
        (hello(messages=[]), "messages", "empty_array", "Expected an array with minimum length 1"),
        (hello(messages=["hi"]), "messages[0]", "invalid_type", "expected an object, but got a string"),
        (hello(messages=[{"content": "x"}]), "messages[0].role", "missing_required_parameter", "messages[0].role"),
        (hello(messages=[{"role": "boss", "content": "x"}]), "messages[0].role", "invalid_value",
         "Invalid value: 'boss'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'."),
        (hello(messages=[{"role": 1, "content": "x"}]), "messages[0].role", "invalid_type", "expected one of 'system'"),
        (hello(messages=[user(None)]), "messages.[0].content", None, "expected a string, got null"),
        (hello(messages=[{"role": "assistant"}]), "messages.[0].content", None, "expected a string, got null"),
        (hello(messages=[user(5)]), "messages[0].content", "invalid_type", "one of a string or array of objects"),
        (hello(messages=[user([{"type": "video"}])]), "messages[0].content[0].type", "invalid_value", "'image_url'"),
        (hello(messages=[user([{"type": "text"}])]), "messages[0].content[0].text", "missing_required_parameter", ""),
        (hello(messages=[user([{"type": "text", "text": 1}])]), "messages[0].content[0].text", "invalid_type", ""),
        (hello(stream="yes"), "stream", "invalid_type", "expected a boolean, but got a string"),
        (hello(stream_options={"include_usage": True}), "stream_options", None, "only allowed when 'stream' is enabled"),
        (hello(stream=True, stream_options={"include_usage": 1}), "stream_options.include_usage", "invalid_type", ""),
        (hello(n=0), "n", "integer_below_min_value", "Expected a value >= 1, but got 0 instead"),
        (hello(n=129), "n", "integer_above_max_value", "Expected a value <= 128, but got 129 instead"),
        (hello(n=True), "n", "invalid_type", "expected an integer, but got a boolean"),
        (hello(n=1.5), "n", "invalid_type", "got a decimal"),
        (hello(temperature=2.5), "temperature", "decimal_above_max_value", "Expected a value <= 2, but got 2.5"),
        (hello(temperature="hot"), "temperature", "invalid_type", "expected a decimal"),
        (hello(top_p=-0.1), "top_p", "decimal_below_min_value", "Expected a value >= 0"),
        (hello(max_tokens=0), "max_tokens", "integer_below_min_value", ">= 1"),
        (hello(max_tokens=1, max_completion_tokens=1), None, "invalid_parameter_combination", "at the same time"),
        (hello(logprobs=True, top_logprobs=21), "top_logprobs", "integer_above_max_value", "<= 20, but got 21"),
        (hello(logprobs=True, top_logprobs=-1), "top_logprobs", "integer_below_min_value", ">= 0"),
        (hello(top_logprobs=2), "top_logprobs", None, "only allowed when 'logprobs' is enabled"),
        (hello(stop=["a"] * 5), "stop", "array_above_max_length", "maximum length 4, but got an array with length 5"),
        (hello(stop=["a", 1]), "stop[1]", "invalid_type", "expected a string"),
        (hello(stop=7), "stop", "invalid_type", "expected an array of strings"),
        (hello(metadata="x"), "metadata", "invalid_type", "expected an object"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_a_400_that_names_the_parameter(
    body: dict[str, Any], param: str | None, code: str | None, message: str
) -> None:
    error = refused(body)
    assert (error.status, error.type, error.param, error.code) == (400, "invalid_request_error", param, code)
    assert message in error.message


@pytest.mark.parametrize(
    ("messages", "param", "message"),
    [
        ([user("a"), calling("c1")], "messages", "did not have response messages: c1"),
        ([user("a"), calling("c1"), user("b")], "messages.[2].role", "did not have response messages: c1"),
        ([user("a"), calling("c1", "c2"), result("c2"), user("b")], "messages.[3].role", "response messages: c1"),
        (
            [user("a"), result("c1")],
            "messages.[1].role",
            "must be a response to a preceeding message with 'tool_calls'",
        ),
        ([user("a"), calling("c1"), result("c9")], "messages.[2].tool_call_id", "'tool_call_id' of 'c9' not found"),
        ([user("a"), calling("c1"), result(None)], "messages.[2].tool_call_id", "Missing parameter 'tool_call_id'"),
        ([user("a"), calling("c1"), result("c1"), user("b"), result("c1")], "messages.[4].role", "preceeding message"),
    ],
)
def test_a_tool_call_without_its_result_is_refused(messages: list[Any], param: str, message: str) -> None:
    error = refused(hello(messages=messages))
    assert (error.status, error.param, error.code) == (400, param, None)
    assert message in error.message


@pytest.mark.parametrize(
    ("broken", "param"),
    [
        ({"type": "function", "function": {"name": "f", "arguments": "{}"}}, "messages[0].tool_calls[0].id"),
        ({"id": "c", "function": {"name": "f", "arguments": "{}"}}, "messages[0].tool_calls[0].type"),
        ({"id": "c", "type": "function"}, "messages[0].tool_calls[0].function"),
        ({"id": "c", "type": "function", "function": {"arguments": "{}"}}, "messages[0].tool_calls[0].function.name"),
        ({"id": "c", "type": "function", "function": {"name": "f", "arguments": {}}},
         "messages[0].tool_calls[0].function.arguments"),
    ],
)  # fmt: skip
def test_a_tool_call_has_to_be_whole(broken: dict[str, Any], param: str) -> None:
    assert refused(hello(messages=[{"role": "assistant", "tool_calls": [broken]}])).param == param


def test_answered_tool_calls_in_any_order_are_fine() -> None:
    messages = [user("a"), calling("c1", "c2"), result("c2"), result("c1"), calling("c3"), result("c3")]
    assert len(parse_chat(hello(messages=messages)).call.messages) == 6


def test_every_role_and_both_kinds_of_content_are_taken() -> None:
    parts = [
        {"type": "text", "text": "look "},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "here"},
    ]
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "system", "content": [{"type": "text", "text": "be kind"}]},
        {"role": "assistant", "content": None, "refusal": "no"},
        user(parts),
    ]
    turns = parse_chat(hello(messages=messages)).call.turns()
    assert turns == [("system", "be brief"), ("system", "be kind"), ("ai", ""), ("human", "look here")]


@pytest.mark.parametrize(
    ("changes", "param", "code", "message"),
    [
        ({"tools": []}, "tools", "empty_array", ""),
        ({"tools": [tool()] * 129}, "tools", "array_above_max_length", "maximum length 128"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type", "invalid_value", "Supported values are: 'function'"),
        ({"tools": [tool("not a name")]}, "tools[0].function.name", "invalid_value", "does not match pattern"),
        ({"tools": [tool("n" * 65)]}, "tools[0].function.name", "string_above_max_length", "maximum length 64"),
        ({"tools": [tool(parameters={"type": "string"})]}, "tools[0].function.parameters",
         "invalid_function_parameters", "Invalid schema for function 'find': schema must be a JSON Schema of 'type: \"object\"'"),
        ({"tools": [tool(), tool("b", strict=True, parameters={"type": "object", "properties": {"q": {}}})]},
         "tools[1].function.parameters", "invalid_function_parameters",
         "Invalid schema for function 'b': In context=(), 'additionalProperties' is required to be supplied and to be false."),
        ({"tool_choice": "auto"}, "tool_choice", None, "only allowed when 'tools' are specified"),
        ({"tools": [tool()], "tool_choice": "maybe"}, "tool_choice", "invalid_value", "'none', 'auto', and 'required'"),
        ({"tools": [tool()], "tool_choice": {"type": "function", "function": {"name": "lose"}}}, "tool_choice", None, "'lose'"),
        ({"tools": [tool()], "tool_choice": {"type": "function"}}, "tool_choice.function", "missing_required_parameter", ""),
        ({"parallel_tool_calls": False}, "parallel_tool_calls", None, "only allowed when 'tools' are specified"),
        ({"tools": [tool()], "parallel_tool_calls": 0}, "parallel_tool_calls", "invalid_type", "a boolean"),
    ],
)  # fmt: skip
def test_tools_and_their_choice_are_checked(
    changes: dict[str, Any], param: str, code: str | None, message: str
) -> None:
    error = refused(hello(**changes))
    assert (error.status, error.param, error.code) == (400, param, code)
    assert message in error.message


def allowed(mode: Any, *tools: Any) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


FIND = {"type": "function", "function": {"name": "find"}}


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_allowed_tools_are_a_choice_among_some_of_the_tools(mode: str) -> None:
    call = parse_chat(hello(tools=[tool("lose"), tool()], tool_choice=allowed(mode, FIND))).call
    assert (call.tools, call.tool_choice) == ((tool(),), mode)


@pytest.mark.parametrize(
    ("choice", "param", "message"),
    [
        ({"type": "allowed_tools"}, "tool_choice.allowed_tools", "Missing required parameter"),
        (allowed("none", FIND), "tool_choice.allowed_tools.mode", "'auto', and 'required'"),
        (allowed("auto"), "tool_choice.allowed_tools.tools", "empty array"),
        (allowed("auto", FIND, {"type": "mcp"}), "tool_choice.allowed_tools.tools[1].type", "'function'"),
        (allowed("auto", {"type": "function"}), "tool_choice.allowed_tools.tools[0].function", "Missing"),
        (allowed("auto", {"type": "function", "function": {"name": "lose"}}), "tool_choice", "'lose' not found"),
        ({"type": "custom"}, "tool_choice.type", "'function', and 'allowed_tools'"),
    ],
)
def test_allowed_tools_are_checked(choice: dict[str, Any], param: str, message: str) -> None:
    error = refused(hello(tools=[tool()], tool_choice=choice))
    assert (error.status, error.param) == (400, param)
    assert message in error.message


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SHUT = {**OPEN, "additionalProperties": False}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (OPEN, "In context=(), 'additionalProperties' is required to be supplied and to be false."),
        ({**SHUT, "additionalProperties": True}, "In context=(), 'additionalProperties'"),
        ({**SHUT, "required": []}, "including every key in properties. Missing 'a'."),
        ({**SHUT, "required": ["a", "b"]}, "Extra required key 'b' supplied."),
        ({**SHUT, "properties": {"a": OPEN}}, "In context=('properties', 'a'), 'additionalProperties'"),
        ({**SHUT, "properties": {"a": {"type": "array", "items": OPEN}}}, "In context=('properties', 'a', 'items'),"),
        ({**SHUT, "properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}}, "('properties', 'a', 'anyOf', '1')"),
        ({**SHUT, "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": OPEN}}, "In context=('$defs', 'x'),"),
        ({**SHUT, "properties": {"a": {"type": ["object", "null"]}}}, "In context=('properties', 'a'),"),
        ({"type": "array", "items": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
        ({"$ref": "#"}, "got 'type: \"None\"'."),
    ],
)  # fmt: skip
def test_a_strict_schema_may_leave_nothing_open(given: dict[str, Any], message: str) -> None:
    error = refused(hello(response_format=schema(schema=given)))
    assert (error.status, error.param, error.code) == (400, "response_format", None)
    assert error.message.startswith("Invalid schema for response_format 'verdict': ")
    assert message in error.message


def test_a_schema_that_is_not_strict_may_be_open_and_a_strict_one_shut() -> None:
    for given in (schema(schema=OPEN, strict=False), schema(schema=OPEN, strict=None), schema(schema=SHUT)):
        assert parse_chat(hello(response_format=given)).call.response_format == given


def test_a_schema_nested_without_end_is_looked_at_to_a_bound() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        deep = {**SHUT, "properties": {"a": deep}}
    assert parse_chat(hello(response_format=schema(schema=deep))).call.response_format is not None


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ("json", "response_format"),
        ({"type": "xml"}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        ({"type": "json_schema", "json_schema": {"schema": SHUT}}, "response_format.json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "v"}}, "response_format.json_schema.schema"),
    ],
)
def test_a_response_format_has_to_be_whole(given: Any, param: str) -> None:
    assert refused(hello(response_format=given)).param == param


def test_json_object_needs_the_word_json_in_a_message() -> None:
    wanted = {"type": "json_object"}
    assert "must contain the word 'json'" in refused(hello(response_format=wanted)).message
    assert parse_chat(hello(response_format=wanted, messages=[user("as JSON")])).call.response_format == wanted


def test_text_is_no_response_format_and_null_is_no_value() -> None:
    request = parse_chat(
        hello(response_format={"type": "text"}, tools=None, stop=None, n=None, logprobs=None, temperature=None)
    )
    assert request.call.response_format is None
    assert (request.call.tools, request.stop, request.choices, request.top_logprobs) == ((), (), 1, None)
    assert request.call.parameters == {}


def test_what_goes_to_the_model_is_kept_and_what_goes_to_the_service_is_not() -> None:
    given = hello(temperature=0, seed=3, n=2, user="me", stream=True, metadata={"a": "b"}, anything={"else": 1})
    assert parse_chat(given).call.parameters == {"temperature": 0, "seed": 3, "anything": {"else": 1}}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe{}", b'{"model": NaN}', b'{"n": 1e999}', b"[" * 100_000, rb'{"model": "\ud800"}'],
    ids=["empty", "cut", "not UTF-8", "NaN", "no number", "deep", "lone surrogate"],
)  # fmt: skip
def test_a_body_that_is_no_json_is_a_400(server: StubServer, raw: bytes) -> None:
    answered = ask(server, raw)
    assert answered.status == 400
    assert answered.error["message"].startswith("We could not parse the JSON body of your request.")
    assert (answered.error["type"], answered.error["param"], answered.error["code"]) == (
        "invalid_request_error",
        None,
        None,
    )


def test_a_body_that_is_no_object_is_a_400(server: StubServer) -> None:
    assert (
        ask(server, b"[1]").error["message"] == "Invalid type for 'body': expected an object, but got an array instead."
    )


def test_escaped_text_that_is_whole_is_taken(server: StubServer, says: Says) -> None:
    assert (
        ask(server, rb'{"model": "m", "messages": [{"role": "user", "content": "\ud83d\ude00 \u00e9"}]}').status == 200
    )
    assert says.asked[0].turns() == [("human", "😀 é")]


def test_every_json_type_has_a_name() -> None:
    values = (None, True, "x", 1, 1.5, [], {})
    assert [kind_of(value) for value in values] == [
        "null", "a boolean", "a string", "an integer", "a decimal", "an array", "an object",
    ]  # fmt: skip
