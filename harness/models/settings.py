"""How a suite has its model called."""

from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from harness.core.files import Strict

Form = Literal["json_schema", "tool", "text"]
FORMS: tuple[Form, ...] = ("json_schema", "tool", "text")
"""Ways to ask for a structured answer, in the order in which they are tried."""


class Way(NamedTuple):
    """How an answer is asked for: the form of structured output, and whether the look-up tools are offered with it."""

    form: Form
    tools: bool = True

    @property
    def name(self) -> str:
        """As the run's totals have it."""
        return self.form if self.tools else f"{self.form} without tools"


class Calls(Strict):
    """Forms, limits, the key and prices of a model's calls."""

    structured: Literal["auto", "json_schema", "tool", "text"] = Field(
        default="auto", description="native JSON schema, tool call or text; auto tries them in this order"
    )
    probabilities: Literal["verbalised", "logprobs", "trials"] = Field(
        default="verbalised",
        description="where label probabilities come from: the answer's own figures, the label's tokens, or repeated draws",
    )
    draws: int = Field(default=5, ge=2, le=100, description="calls a trial with `probabilities: trials`")
    tools: bool = Field(default=True, description="whether the look-up tools are offered")
    timeout: float = Field(default=60.0, gt=0, le=3600, description="seconds for one attempt")
    deadline: float = Field(default=180.0, gt=0, le=36000, description="seconds for a call with all its retries")
    max_retries: int = Field(default=3, ge=0, le=20, description="attempts after the first; 0 means none")
    api: Literal["chat", "responses"] = Field(default="chat", description="for openai and openai-compatible models")
    api_key: str | None = Field(
        default=None, description="env:NAME or file:PATH; default is the provider's own variable"
    )
    prices: str | None = Field(default=None, description="price file of one's own, over the shipped one")

    @field_validator("api_key")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("env:", "file:")):
            raise ValueError("a key is named, not written: env:NAME or file:PATH")
        return value
