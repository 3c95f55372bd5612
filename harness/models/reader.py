"""The offline reader: it answers from the rendered messages and nothing else."""

import json
import re
from collections.abc import Sequence
from typing import Any

from harness.embeddings import Embedder
from harness.models.calls import CHARS_PER_TOKEN, Call, Reply, ToolCall
from harness.models.improvise import improvise
from harness.models.rationale import write_rationale
from harness.models.reading import Reading, read
from harness.models.weighing import weigh


class Reader:
    """An honest small model, as an Engine. Deterministic: equal messages, equal answer.

    Where the messages name no labels, or a schema without one is asked for, it only has a made-up answer of the right
    form to give, and its reply is marked as simulated.
    """

    name = "reader"

    def __init__(self, *, embedder: Embedder) -> None:
        self._embedder = embedder

    def answer(self, call: Call) -> Reply:
        """The next tool that a procedure names, else the decision."""
        turns = call.turns()
        reading = read(turns)
        tools = [tool["function"] for tool in call.tools] if call.tool_choice != "none" else []
        step = next_step(reading, call, tools)
        if step is not None:
            return _reply(turns, call, name=step[0], args=step[1])
        if not reading.labels or not wants_label(call):
            return improvise(call, name=self.name)
        weighed = weigh(reading, self._embedder.embed)
        label = max(weighed.probabilities, key=lambda name: weighed.probabilities[name])
        probabilities = {name: round(value, 6) for name, value in weighed.probabilities.items()}
        args = {"label": label, "probabilities": probabilities, "rationale": write_rationale(reading, weighed, label)}
        return _reply(turns, call, name=answer_tool(tools), args=args, probabilities=probabilities)


def answer_tool(tools: Sequence[dict[str, Any]]) -> str:
    """The tool that takes a label: the one the final answer goes to; empty where there is none."""
    found = (str(tool["name"]) for tool in tools if "label" in (tool.get("parameters") or {}).get("properties", {}))
    return next(found, "")


def wants_label(call: Call) -> bool:
    """Whether the answer's form has a place for a label: always, but for a JSON Schema that has none."""
    asked = call.response_format if isinstance(call.response_format, dict) else {}
    schema = (asked.get("json_schema") or {}).get("schema") or {}
    return not schema or "label" in schema.get("properties", {})


def next_step(reading: Reading, call: Call, tools: Sequence[dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    """The first tool that a numbered step names and that wasn't called yet, with arguments from trusted fields."""
    done = {made["function"]["name"] for message in call.messages for made in message.get("tool_calls") or ()}
    final = answer_tool(tools)
    for step in reading.steps:
        for tool in tools:
            name = tool["name"]
            if name not in done and name != final and re.search(rf"\b{re.escape(name)}\b", step):
                args = _arguments(tool, reading)
                if args is not None:
                    return name, args
    return None


def _reply(
    turns: Sequence[tuple[str, str]],
    call: Call,
    *,
    name: str,
    args: dict[str, Any],
    probabilities: dict[str, float] | None = None,
) -> Reply:
    """A call of the tool `name`, or the JSON of `args` where there is none; tokens are estimated from characters."""
    written = json.dumps(args, ensure_ascii=False)
    return Reply(
        text="" if name else written,
        tool_calls=(ToolCall(f"call_{len(call.messages)}", name, written),) if name else (),
        finish="tool_calls" if name else "stop",
        input_tokens=sum(len(text) for _, text in turns) // CHARS_PER_TOKEN,
        output_tokens=len(written) // CHARS_PER_TOKEN,
        estimated=True,
        model="reader",
        probabilities=probabilities,
    )


def _arguments(tool: dict[str, Any], reading: Reading) -> dict[str, Any] | None:
    """A value for each required argument: `query` from the ticket's text, ids from records; None where one lacks."""
    parameters = tool.get("parameters") or {}
    args: dict[str, Any] = {}
    for name in parameters.get("required", parameters.get("properties", {})):
        value = _argument(name, reading)
        if value is None:
            return None
        args[name] = value
    return args


def _argument(name: str, reading: Reading) -> str | None:
    if name == "query":
        return reading.texts[0][1][:400] if reading.texts else None
    wanted = name.removesuffix("_id")
    for path, value in reading.records.items():
        parts = path.split(".")
        if parts[-1] == "id" and wanted in (*parts, "account" if "accounts" in parts else ""):
            return value
    return None
