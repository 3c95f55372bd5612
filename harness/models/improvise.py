"""Made-up answers of the right form, for requests that no offline model has knowledge of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.core.hashing import content_hash
from harness.core.types import Json
from harness.models.calls import CHARS_PER_TOKEN, Call, Reply, ToolCall
from harness.models.instances import instance
from harness.models.material import Material, examples, gather, is_schema, json_objects, last_asked, tool_results, words
from harness.models.schemas import NoInstanceError
from harness.models.verdicts import verdict

MAX_QUOTED = 200
"""Characters of a message or a result that an answer quotes."""

MAX_CALLS = 10
"""Calls of one tool that one message may lead to."""

_MAX_SHAPE = 20
"""Levels of an example that are mirrored."""

_GENERIC = frozenset(
    """argument call fetch function get give given input make output parameter provided return run set tool use used
    user value""".split()
)
"""Words of tools' descriptions that say nothing of what the tool is about."""


def improvise(call: Call, *, name: str) -> Reply:
    """The reply of a model called `name` that knows nothing: tool calls, JSON or text, of the form that is asked for.

    A call without a place in its JSON Schema for any instance that can be found is declined. Deterministic.
    """
    material = gather(call)
    made = _tool_calls(call, material)
    if made:
        reply = Reply(tool_calls=tuple(made), finish="tool_calls")
    else:
        schema = _schema_of(call)
        try:
            reply = Reply(text=_text(call, material) if schema is None else _written(instance(schema, material)))
        except NoInstanceError as error:
            reply = Reply(refusal=f"This simulated model has no answer of the form that is asked for: {error}.")
    read = sum(len(text) for _, text in call.turns()) + (len(_written(call.tools)) if call.tools else 0)
    written = len(reply.text) + len(reply.refusal or "") + sum(len(one.name + one.arguments) for one in made)
    return replace(
        reply,
        input_tokens=-(-read // CHARS_PER_TOKEN),
        output_tokens=-(-written // CHARS_PER_TOKEN),
        estimated=True,
        model=name,
        simulated=True,
    )


def _tool_calls(call: Call, material: Material) -> list[ToolCall]:
    """The calls to make: none where no tool is offered, wanted, or about what was asked."""
    single = call.parameters.get("parallel_tool_calls") is False
    chosen = _chosen_tools(call)
    made: list[ToolCall] = []
    for tool in chosen[:1] if single else chosen:
        for arguments in _arguments(tool, material)[: 1 if single else MAX_CALLS]:
            text = _written(arguments)
            seed = content_hash([len(call.messages), last_asked(call), len(made), tool["name"], text])
            made.append(ToolCall(f"call_{seed[:24]}", str(tool["name"]), text))
    return made


def _chosen_tools(call: Call) -> list[dict[str, Any]]:
    """The functions to call, best first, by the tool choice and by the words that they share with the message."""
    tools = [dict(tool["function"]) for tool in call.tools if isinstance(tool.get("function"), dict)]
    if named := _named(call.tool_choice):
        return [tool for tool in tools if tool["name"] == named]
    required = call.tool_choice in ("required", "any")
    answered = bool(call.messages) and call.messages[-1].get("role") == "tool"
    if call.tool_choice == "none" or (answered and not required):
        return []
    done = {name for name, _ in tool_results(call)}
    asked = set(words(last_asked(call)))
    shared = [(len(asked & _about(tool)), -at, tool) for at, tool in enumerate(tools) if tool["name"] not in done]
    if not shared and required:
        shared = [(0, -at, tool) for at, tool in enumerate(tools)]
    ranked = sorted(shared, key=lambda one: one[:2], reverse=True)
    return [tool for common, _, tool in ranked[: 1 if required else None] if common or required]


def _named(choice: Json) -> str:
    """The tool that a tool choice names; empty where it names none."""
    function = choice.get("function") if isinstance(choice, dict) else None
    return str(function.get("name", "")) if isinstance(function, dict) else ""


def _about(tool: Mapping[str, Any]) -> set[str]:
    """The words that say what a tool is about."""
    spaced = "".join(f" {one}" if one.isupper() else one for one in str(tool["name"]))
    return set(words(f"{spaced} {tool['name']} {tool.get('description') or ''}")) - _GENERIC


def _arguments(tool: Mapping[str, Any], material: Material) -> list[Json]:
    """The arguments of each call: one, or one for each value that the message lists, where a single argument takes it.

    Empty where the tool's schema has no instance that can be found.
    """
    schema = tool.get("parameters") or {"type": "object"}
    try:
        once = instance(schema, material, arguments=True)
        taken = [value for value in once.values() if value in material.listed] if isinstance(once, dict) else []
        subjects = [replace(material, subject=value) for value in material.listed] if len(taken) == 1 else [material]
        each = [instance(schema, subject, arguments=True) for subject in subjects]
    except NoInstanceError:
        return []
    return [one for at, one in enumerate(each) if one not in each[:at]]


def _schema_of(call: Call) -> Json:
    """The JSON Schema of the answer; None where text will do.

    It is the response format's, else the last one that the messages show, the system's before the user's. A message
    that speaks of JSON and shows only an example of it gets what the example looks like; a user's has to call it one.
    """
    asked = call.response_format if isinstance(call.response_format, dict) else {}
    if asked.get("type") == "json_schema":
        return (asked.get("json_schema") or {}).get("schema", {"type": "object"})
    turns = call.turns()
    for wanted in ("system", "human"):
        said = [(text, json_objects(text)) for role, text in turns if role == wanted]
        schemas = [one.value for _, objects in said for one in objects if is_schema(one.value)]
        if schemas:
            return schemas[-1]
        told = wanted == "system" and any("json" in text.lower() for text, _ in said)
        shown = [one.value for text, objects in said for one in (objects if told else examples(text, objects))]
        if any(shown):
            return _shape(next(value for value in reversed(shown) if value))
    answer = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return answer if asked.get("type") == "json_object" else None


def _shape(example: Json, *, depth: int = 0) -> dict[str, Json]:
    """A JSON Schema of what looks like the example."""
    match example:
        case dict() if depth < _MAX_SHAPE:
            properties = {key: _shape(value, depth=depth + 1) for key, value in example.items()}
            return {"type": "object", "properties": properties, "required": list(properties)}
        case list() if depth < _MAX_SHAPE:
            return {"type": "array", "items": _shape(example[0], depth=depth + 1) if example else True}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
    return {"type": "null"}


def _text(call: Call, material: Material) -> str:
    """A short answer: what the tools gave, the verdict that is asked for, or what was asked."""
    results = tool_results(call)
    if results:
        return "Simulated answer. " + " ".join(f"{name} gave: {_quoted(text)}" for name, text in results)
    asked = last_asked(call)
    return verdict(asked, material) or f"Simulated answer to: {_quoted(asked)}"


def _quoted(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_QUOTED else f"{flat[:MAX_QUOTED]}…"


def _written(value: Json | Sequence[Json]) -> str:
    return json.dumps(value, ensure_ascii=False)
