"""One call of a chat model and its reply, in OpenAI's chat form and free of any client library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.core.types import Json

Message = Mapping[str, Json]
"""`role` and `content`; `tool_calls` of an assistant, `tool_call_id` and `name` of a tool's result."""

CHARS_PER_TOKEN = 4
"""For models that count no tokens: what is estimated is marked so."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a model is asked. `sample`, `trial` and `draw` are the harness's own channel: no model sees them.

    `tools` are OpenAI function tools (`{"type": "function", "function": {…}}`), `parameters` what else goes into the
    request (temperature, max_tokens, logprobs, parallel_tool_calls, …). `draw` numbers repeated calls within one trial.
    `native` keeps the messages as the caller's library had them, with what the chat form can't carry.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Json], ...] = ()
    tool_choice: Json = None
    response_format: Json = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    sample: str = ""
    trial: int = 0
    draw: int = 0
    native: Any = field(default=None, compare=False)

    def turns(self) -> list[tuple[str, str]]:
        """(role, text) of every message; roles are system, human, ai and tool."""
        return [(_ROLES.get(str(m["role"]), "human"), text_of(m.get("content"))) for m in self.messages]


_ROLES = {"system": "system", "developer": "system", "user": "human", "assistant": "ai", "tool": "tool"}


def text_of(content: Json) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part if isinstance(part, str) else str(part.get("text") or "") for part in parts if isinstance(part, str | dict)
    )


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for; `arguments` is its JSON as the model wrote it, and may be none."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Token:
    """One token with its log-probability, and the likeliest tokens at its place (itself among them)."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. Token counts are None where the provider gave none.

    `finish` is stop, tool_calls, length or content_filter. `simulated` is set on a persona's replies, `planted` names
    the flaws it put in; `delay_ms` is how long whoever serves the reply has to wait first. `probabilities` is what an
    offline model thinks of each label, for a server that has to show log-probabilities.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    refusal: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    estimated: bool = False
    model: str = ""
    request_id: str | None = None
    logprobs: tuple[Token, ...] | None = None
    simulated: bool = False
    planted: tuple[str, ...] = ()
    delay_ms: float = 0.0
    probabilities: Mapping[str, float] | None = None
    native: Any = field(default=None, compare=False)


class Engine(Protocol):
    """A chat model of this package's own: it answers in process, from the call alone. Raises Fault."""

    name: str

    def answer(self, call: Call) -> Reply:
        """The reply to one call; equal calls get equal replies."""
        ...
