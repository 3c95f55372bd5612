"""A request to /v1/chat/completions, read and checked as the real service does."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.types import Json
from harness.models.calls import Call
from harness.models.stub.allowed import Tools, allow
from harness.models.stub.checks import array_at, bool_at, choice_at, integer_at, name_at, number_at, object_at
from harness.models.stub.errors import ApiError, wrong_type
from harness.models.stub.messages import check_messages, mentions_json
from harness.models.stub.strict import check_strict

MOST_TOOLS = 128
MOST_CHOICES = 128
MOST_STOPS = 4
MOST_ALTERNATIVES = 20
_OWN = frozenset(
    {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "response_format",
        "stream",
        "stream_options",
        "metadata",
        "n",
        "user",
    }
)
"""What a request says to the service and not to the model, or what Call has a place of its own for."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request. `top_logprobs` is None where no log-probabilities are asked for."""

    call: Call
    choices: int = 1
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    top_logprobs: int | None = None
    stream: bool = False
    include_usage: bool = False


def parse_chat(body: Mapping[str, Json]) -> ChatRequest:
    """The request that a body holds; ApiError where the real service would refuse it. Unknown keys are let through."""
    model = model_name(body)
    messages = check_messages(body.get("messages"))
    tools = _tools(body.get("tools"))
    choice, allowed = _tool_choice(body.get("tool_choice"), tools)
    if body.get("parallel_tool_calls") is not None and not tools:
        message = (
            "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified."
        )
        raise ApiError(400, message, param="parallel_tool_calls")
    bool_at(body, "parallel_tool_calls")
    response_format = check_response_format(body.get("response_format"))
    if response_format is not None and response_format["type"] == "json_object" and not mentions_json(messages):
        what = "'messages' must contain the word 'json' in some form"
        raise ApiError(400, f"{what}, to use 'response_format' of type 'json_object'.", param="messages")
    check_sampling(body)
    return ChatRequest(
        call=Call(
            model=model,
            messages=messages,
            tools=allowed,
            tool_choice=choice,
            response_format=response_format,
            parameters={key: value for key, value in body.items() if key not in _OWN and value is not None},
        ),
        choices=integer_at(body, "n", low=1, high=MOST_CHOICES) or 1,
        stop=stop_of(body),
        max_tokens=_max_tokens(body),
        top_logprobs=_logprobs(body),
        stream=bool_at(body, "stream"),
        include_usage=includes_usage(body),
    )


def model_name(body: Mapping[str, Json]) -> str:
    """The model that a request names."""
    model = body.get("model")
    if model is None or model == "":
        raise ApiError(400, "you must provide a model parameter", param="model")
    if not isinstance(model, str):
        raise wrong_type("model", expected="a string", got=model)
    return model


def check_sampling(body: Mapping[str, Json]) -> None:
    """The bounds of temperature and its like."""
    number_at(body, "temperature", low=0, high=2)
    number_at(body, "top_p", low=0, high=1)
    number_at(body, "presence_penalty", low=-2, high=2)
    number_at(body, "frequency_penalty", low=-2, high=2)
    integer_at(body, "seed")
    if body.get("metadata") is not None:
        object_at(body["metadata"], "metadata")


def _tools(value: Json) -> Tools:
    if value is None:
        return ()
    tools = array_at(value, "tools", at_most=MOST_TOOLS)
    for index, tool in enumerate(tools):
        param = f"tools[{index}]"
        choice_at(object_at(tool, param).get("type"), f"{param}.type", supported=("function",))
        function = object_at(tool.get("function"), f"{param}.function")
        name = name_at(function, "name", f"{param}.function.name")
        _check_parameters(function, name, f"{param}.function")
    return tuple(tools)


def _check_parameters(function: Mapping[str, Json], name: str, param: str) -> None:
    parameters = function.get("parameters")
    where, at, code = f"function '{name}'", f"{param}.parameters", "invalid_function_parameters"
    if function.get("strict"):
        check_strict(parameters, where=where, param=at, code=code)
    elif parameters is not None:
        kind = object_at(parameters, at).get("type", "object")
        if kind != "object":
            what = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
            raise ApiError(400, f"Invalid schema for {where}: {what}", param=at, code=code)


def _tool_choice(value: Json, tools: Tools) -> tuple[Json, Tools]:
    """The choice, and the tools that it leaves to choose from."""
    if value is None:
        return None, tools
    if not tools:
        message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        raise ApiError(400, message, param="tool_choice")
    if isinstance(value, str):
        return choice_at(value, "tool_choice", supported=("none", "auto", "required")), tools
    kinds = ("function", "allowed_tools")
    if choice_at(object_at(value, "tool_choice").get("type"), "tool_choice.type", supported=kinds) == "allowed_tools":
        at = "tool_choice.allowed_tools"
        return allow(object_at(value.get("allowed_tools"), at), tools, at=at, nested=True)
    name = name_at(object_at(value.get("function"), "tool_choice.function"), "name", "tool_choice.function.name")
    if name not in {tool["function"]["name"] for tool in tools}:
        message = f"Invalid value for 'tool_choice': no function named '{name}' was specified in the 'tools' parameter."
        raise ApiError(400, message, param="tool_choice")
    return value, tools


def check_response_format(value: Json) -> dict[str, Json] | None:
    """A `response_format` that the service takes; None for text."""
    if value is None:
        return None
    kinds = ("json_object", "json_schema", "text")
    kind = choice_at(object_at(value, "response_format").get("type"), "response_format.type", supported=kinds)
    if kind == "json_schema":
        given = object_at(value.get("json_schema"), "response_format.json_schema")
        name = name_at(given, "name", "response_format.json_schema.name")
        schema = object_at(given.get("schema"), "response_format.json_schema.schema")
        if given.get("strict"):
            check_strict(schema, where=f"response_format '{name}'", param="response_format")
    return None if kind == "text" else dict(value)


def stop_of(body: Mapping[str, Json]) -> tuple[str, ...]:
    """The stop sequences of a request."""
    value = body.get("stop")
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    for index, item in enumerate(array_at(value, "stop", of="strings", at_most=MOST_STOPS)):
        if not isinstance(item, str):
            raise wrong_type(f"stop[{index}]", expected="a string", got=item)
    return tuple(item for item in value if item)


def _max_tokens(body: Mapping[str, Json]) -> int | None:
    old, new = (integer_at(body, key, low=1) for key in ("max_tokens", "max_completion_tokens"))
    if old is not None and new is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise ApiError(400, message, code="invalid_parameter_combination")
    return new if new is not None else old


def _logprobs(body: Mapping[str, Json]) -> int | None:
    wanted = bool_at(body, "logprobs")
    top = integer_at(body, "top_logprobs", low=0, high=MOST_ALTERNATIVES)
    if top is not None and not wanted:
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise ApiError(400, message, param="top_logprobs")
    return (top or 0) if wanted else None


def includes_usage(body: Mapping[str, Json]) -> bool:
    """Whether a stream has to end with its usage."""
    value = body.get("stream_options")
    if value is None:
        return False
    if not bool_at(body, "stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise ApiError(400, message, param="stream_options")
    options = object_at(value, "stream_options")
    include = options.get("include_usage")
    if include is not None and not isinstance(include, bool):
        raise wrong_type("stream_options.include_usage", expected="a boolean", got=include)
    return bool(include)
