"""A request to /v1/responses, read and checked as the real service does, in the form of a chat call."""

from collections.abc import Mapping, Sequence

from harness.core.types import Json
from harness.models.calls import Call, Message
from harness.models.stub.allowed import Tools, allow
from harness.models.stub.chat import MOST_ALTERNATIVES, MOST_TOOLS, check_sampling, model_name
from harness.models.stub.checks import array_at, bool_at, choice_at, integer_at, name_at, object_at, text_at
from harness.models.stub.errors import ApiError, missing, wrong_type
from harness.models.stub.messages import mentions_json
from harness.models.stub.strict import check_strict

LOGPROBS = "message.output_text.logprobs"
"""What `include` has to name for log-probabilities."""

LEAST_TOKENS = 16
_ROLES = ("user", "assistant", "system", "developer")
_ITEMS = ("message", "function_call", "function_call_output", "reasoning", "item_reference")
_TEXTS = ("input_text", "output_text", "text")
_PARTS = (*_TEXTS, "refusal", "input_image", "input_file")
_MOVED = {"messages": "input", "response_format": "text.format", "max_tokens": "max_output_tokens"}
_KEPT = ("instructions", "metadata", "parallel_tool_calls", "reasoning", "temperature", "top_logprobs", "top_p", "user")


def parse_responses(body: Mapping[str, Json]) -> Call:
    """The call that a body asks for, with the chat API's names for its parameters.

    ApiError where the real service would refuse it, or where it asks for what is kept on a server: nothing is.
    """
    model = model_name(body)
    _refuse_moved(body)
    _refuse_kept(body)
    check_sampling(body)
    bool_at(body, "stream")
    bool_at(body, "parallel_tool_calls")
    integer_at(body, "top_logprobs", low=0, high=MOST_ALTERNATIVES)
    messages = _messages(body)
    choice, tools = _tool_choice(body.get("tool_choice"), _tools(body.get("tools")))
    return Call(
        model=model,
        messages=messages,
        tools=tools,
        tool_choice=choice,
        response_format=_response_format(body.get("text"), messages),
        parameters=_parameters(body),
    )


def _refuse_moved(body: Mapping[str, Json]) -> None:
    for old, new in _MOVED.items():
        if body.get(old) is not None:
            what = f"Unsupported parameter: '{old}'. In the Responses API, this parameter has moved to '{new}'."
            raise ApiError(400, f"{what} Try again with the new parameter.", code="unsupported_parameter", param=old)


def _refuse_kept(body: Mapping[str, Json]) -> None:
    """Refuse what refers to earlier responses, or wants to come back for this one."""
    if (previous := body.get("previous_response_id")) is not None:
        what = f"Previous response with id '{previous}' not found."
        raise ApiError(400, what, code="previous_response_not_found", param="previous_response_id")
    for key in ("conversation", "prompt"):
        if (value := body.get(key)) is not None:
            named = value.get("id") if isinstance(value, dict) else value
            raise ApiError(404, f"{key.title()} with id '{named}' not found.", param=key)
    if bool_at(body, "background"):
        what = "Background responses are not supported: this server keeps no response to fetch later."
        raise ApiError(400, what, code="unsupported_value", param="background")


def _parameters(body: Mapping[str, Json]) -> dict[str, Json]:
    parameters = {key: body[key] for key in _KEPT if body.get(key) is not None}
    most = integer_at(body, "max_output_tokens", low=LEAST_TOKENS)
    if most is not None:
        parameters["max_tokens"] = most
    if body.get("include") is not None:
        included = body["include"]
        if not isinstance(included, list):
            raise wrong_type("include", expected="an array of strings", got=included)
        if LOGPROBS in included:
            parameters["logprobs"] = True
    return parameters


def _tools(value: Json) -> Tools:
    """Flat tools in the chat form."""
    if value is None or value == []:
        return ()
    tools: list[Mapping[str, Json]] = []
    for index, given in enumerate(array_at(value, "tools", at_most=MOST_TOOLS)):
        at = f"tools[{index}]"
        tool = object_at(given, at)
        choice_at(tool.get("type"), f"{at}.type", supported=("function",))
        name = name_at(tool, "name", f"{at}.name")
        parameters = tool.get("parameters")
        if tool.get("strict"):
            param, code = f"{at}.parameters", "invalid_function_parameters"
            check_strict(parameters, where=f"function '{name}'", param=param, code=code)
        elif parameters is not None:
            object_at(parameters, f"{at}.parameters")
        tools.append({"type": "function", "function": {key: tool[key] for key in tool if key != "type"}})
    return tuple(tools)


def _tool_choice(value: Json, tools: Tools) -> tuple[Json, Tools]:
    """The tool choice in the chat form, and the tools that it leaves to choose from."""
    if value is None:
        return None, tools
    if isinstance(value, str):
        choice = choice_at(value, "tool_choice", supported=("none", "auto", "required"))
        if choice == "required" and not tools:
            raise ApiError(400, "Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
        return choice, tools
    kinds = ("function", "allowed_tools")
    if choice_at(object_at(value, "tool_choice").get("type"), "tool_choice.type", supported=kinds) == "allowed_tools":
        return allow(value, tools, at="tool_choice", nested=False)
    name = name_at(value, "name", "tool_choice.name")
    if name not in {tool["function"]["name"] for tool in tools}:
        raise ApiError(400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
    return {"type": "function", "function": {"name": name}}, tools


def _response_format(value: Json, messages: Sequence[Message]) -> Json:
    """`text.format` in the form of the chat API's `response_format`; None for text."""
    if value is None or object_at(value, "text").get("format") is None:
        return None
    given = object_at(value["format"], "text.format")
    kind = choice_at(given.get("type"), "text.format.type", supported=("json_object", "json_schema", "text"))
    if kind == "text":
        return None
    if kind == "json_object":
        if not mentions_json(messages):
            what = "Response input messages must contain the word 'json' in some form"
            raise ApiError(400, f"{what} to use 'text.format' of type 'json_object'.", param="input")
        return {"type": "json_object"}
    name = name_at(given, "name", "text.format.name")
    schema = object_at(given.get("schema"), "text.format.schema")
    if given.get("strict"):
        where, code = f"response_format '{name}'", "invalid_json_schema"
        check_strict(schema, where=where, param="text.format.schema", code=code)
    return {"type": "json_schema", "json_schema": {key: given[key] for key in given if key != "type"}}


def _messages(body: Mapping[str, Json]) -> tuple[Message, ...]:
    """The input as chat messages, the instructions before them."""
    messages: list[dict[str, Json]] = []
    instructions, given = body.get("instructions"), body.get("input")
    if instructions is not None:
        messages.append({"role": "developer", "content": text_at(body, "instructions", "instructions")})
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return (*messages, {"role": "user", "content": given})
    if not isinstance(given, list):
        raise wrong_type("input", expected="one of a string or array of input items", got=given)
    for index, item in enumerate(array_at(given, "input", of="input items")):
        _add(messages, object_at(item, f"input[{index}]"), f"input[{index}]")
    _check_results(messages)
    return tuple(messages)


def _add(messages: list[dict[str, Json]], item: Mapping[str, Json], at: str) -> None:
    """Add an item to the messages; a model's calls go into one message, with the text before them."""
    match choice_at(item.get("type", "message"), f"{at}.type", supported=_ITEMS):
        case "message":
            role = choice_at(item.get("role"), f"{at}.role", supported=_ROLES)
            messages.append({"role": role, "content": _content(item.get("content"), f"{at}.content")})
        case "function_call":
            function = {key: text_at(item, key, f"{at}.{key}") for key in ("name", "arguments")}
            made = {"id": text_at(item, "call_id", f"{at}.call_id"), "type": "function", "function": function}
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": None})
            messages[-1].setdefault("tool_calls", []).append(made)
        case "function_call_output":
            called = text_at(item, "call_id", f"{at}.call_id")
            content = _content(item.get("output"), f"{at}.output")
            messages.append({"role": "tool", "tool_call_id": called, "content": content})
        case "item_reference":
            what = f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to false."
            raise ApiError(404, what, param="input")


def _content(value: Json, param: str) -> Json:
    """Content in the chat form: a string, or parts."""
    if value is None:
        raise missing(param)
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise wrong_type(param, expected="one of a string or array of content parts", got=value)
    return [_part(object_at(part, f"{param}[{index}]"), f"{param}[{index}]") for index, part in enumerate(value)]


def _part(part: Mapping[str, Json], at: str) -> dict[str, Json]:
    kind = choice_at(part.get("type"), f"{at}.type", supported=_PARTS)
    if kind in _TEXTS:
        return {"type": "text", "text": text_at(part, "text", f"{at}.text")}
    if kind == "refusal":
        return {"type": "refusal", "refusal": text_at(part, "refusal", f"{at}.refusal")}
    if kind == "input_image":
        return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
    return {"type": "file", "file": {key: part[key] for key in part if key != "type"}}


def _check_results(messages: Sequence[Message]) -> None:
    """Each call has to have its output somewhere behind it, and each output its call before it."""
    waiting: dict[str, None] = {}
    called: set[str] = set()
    for message in messages:
        for made in message.get("tool_calls") or ():
            called.add(made["id"])
            waiting[made["id"]] = None
        if message["role"] == "tool":
            answered = message["tool_call_id"]
            if answered not in called:
                what = f"No tool call found for function call output with call_id {answered}."
                raise ApiError(400, what, param="input")
            waiting.pop(answered, None)
    if waiting:
        raise ApiError(400, f"No tool output found for function call {next(iter(waiting))}.", param="input")
