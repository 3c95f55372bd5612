"""The tool choice `allowed_tools`: some of the tools that a request offers, with a choice among those."""

from collections.abc import Mapping, Sequence

from harness.core.types import Json
from harness.models.stub.checks import array_at, choice_at, name_at, object_at
from harness.models.stub.errors import ApiError

Tools = tuple[Mapping[str, Json], ...]


def allow(
    given: Mapping[str, Json], tools: Sequence[Mapping[str, Json]], *, at: str, nested: bool
) -> tuple[str, Tools]:
    """The mode (`auto` or `required`) and what is left of `tools`, which are in the chat form.

    `given` holds `mode` and `tools`, and stands at `at` in the request; a tool's name is `nested` in its `function` or
    flat. ApiError (400) for what names no tool of the request.
    """
    mode = choice_at(given.get("mode"), f"{at}.mode", supported=("auto", "required"))
    known, names = {tool["function"]["name"] for tool in tools}, set[str]()
    for index, value in enumerate(array_at(given.get("tools"), f"{at}.tools")):
        param = f"{at}.tools[{index}]"
        tool = object_at(value, param)
        choice_at(tool.get("type"), f"{param}.type", supported=("function",))
        if nested:
            tool, param = object_at(tool.get("function"), f"{param}.function"), f"{param}.function"
        name = name_at(tool, "name", f"{param}.name")
        if name not in known:
            raise ApiError(400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
        names.add(name)
    return mode, tuple(tool for tool in tools if tool["function"]["name"] in names)
