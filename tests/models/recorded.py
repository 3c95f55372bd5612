"""Calls that the tests of recordings make."""

from typing import Any

from harness.models.calls import Call, Reply

LABEL_TOOL = {"type": "function", "function": {"name": "answer", "parameters": {"properties": {"label": {}}}}}
LOOK_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"id": {}}}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"properties": {"label": {}}}}}
REPLY = Reply(text="a fee", input_tokens=7, output_tokens=2, model="m-2", request_id="r-1")


def a_call(text: str = "Who pays the fee?", **changed: Any) -> Call:
    messages = ({"role": "system", "content": "You triage.\nBe brief."}, {"role": "user", "content": text})
    return Call(**{"model": "m", "messages": messages, "sample": "t-1", **changed})
