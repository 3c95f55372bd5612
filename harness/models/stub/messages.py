"""Checks of a chat request's messages: their form, and that every tool call has its result behind it."""

from collections.abc import Mapping, Sequence

from harness.core.types import Json
from harness.models.calls import Message, text_of
from harness.models.stub.checks import array_at, choice_at, object_at, text_at
from harness.models.stub.errors import ApiError, missing, wrong_type

_ROLES = ("system", "assistant", "user", "tool", "developer")
_PARTS = ("text", "image_url", "input_audio", "refusal", "audio", "file")


def check_messages(value: Json) -> tuple[Message, ...]:
    """The messages of a request, or the service's 400 for the first that is wrong."""
    if value is None:
        raise missing("messages")
    messages = array_at(value, "messages")
    for index, message in enumerate(messages):
        _check_message(object_at(message, f"messages[{index}]"), f"messages[{index}]", index)
    _check_results(messages)
    return tuple(messages)


def mentions_json(messages: Sequence[Message]) -> bool:
    """Whether any message says "json", which the service asks for beside `json_object`."""
    return any("json" in text_of(message.get("content")).lower() for message in messages)


def _check_message(message: Mapping[str, Json], param: str, index: int) -> None:
    role = choice_at(message.get("role"), f"{param}.role", supported=_ROLES)
    content = message.get("content")
    calls = message.get("tool_calls") if role == "assistant" else None
    if calls is not None:
        _check_calls(array_at(calls, f"{param}.tool_calls"), f"{param}.tool_calls")
    if content is None:
        if calls is None and not (role == "assistant" and message.get("refusal")):
            what = "Invalid value for 'content': expected a string, got null."
            raise ApiError(400, what, param=f"messages.[{index}].content")
    elif not isinstance(content, str):
        _check_parts(content, f"{param}.content")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        what = "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'."
        raise ApiError(400, what, param=f"messages.[{index}].tool_call_id")


def _check_parts(content: Json, param: str) -> None:
    if not isinstance(content, list):
        raise wrong_type(param, expected="one of a string or array of objects", got=content)
    for index, value in enumerate(content):
        part = object_at(value, f"{param}[{index}]")
        kind = choice_at(part.get("type"), f"{param}[{index}].type", supported=_PARTS)
        if kind == "text":
            text_at(part, "text", f"{param}[{index}].text")


def _check_calls(calls: Sequence[Json], param: str) -> None:
    for index, value in enumerate(calls):
        at = f"{param}[{index}]"
        call = object_at(value, at)
        text_at(call, "id", f"{at}.id")
        choice_at(call.get("type"), f"{at}.type", supported=("function",))
        function = object_at(call.get("function"), f"{at}.function")
        text_at(function, "name", f"{at}.function.name")
        text_at(function, "arguments", f"{at}.function.arguments")


def _check_results(messages: Sequence[Mapping[str, Json]]) -> None:
    """Each assistant's tool calls have to be answered by the tool messages right behind it, and by those alone."""
    asked: set[str] = set()
    waiting: dict[str, None] = {}
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if not asked:
                what = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with"
                raise ApiError(400, f"{what} 'tool_calls'.", param=f"messages.[{index}].role")
            answered = message["tool_call_id"]
            if answered not in asked:
                what = (
                    f"Invalid parameter: 'tool_call_id' of '{answered}' not found in 'tool_calls' of previous message."
                )
                raise ApiError(400, what, param=f"messages.[{index}].tool_call_id")
            waiting.pop(answered, None)
            continue
        _refuse_unanswered(waiting, param=f"messages.[{index}].role")
        waiting = dict.fromkeys(
            call["id"] for call in message.get("tool_calls") or () if message["role"] == "assistant"
        )
        asked = set(waiting)
    _refuse_unanswered(waiting, param="messages")


def _refuse_unanswered(waiting: Mapping[str, None], *, param: str) -> None:
    if waiting:
        rule = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        which = f"The following tool_call_ids did not have response messages: {', '.join(waiting)}"
        raise ApiError(400, f"{rule} {which}", param=param)
