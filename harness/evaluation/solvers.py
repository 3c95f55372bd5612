"""How a suite names a solver that isn't ours: an HTTP endpoint, a command, a file of predictions.

A string with a scheme is an endpoint, one that ends in `.jsonl` a file of predictions; any other string is left as it
is (`triage`, `baseline:NAME`, `module:function`). A mapping has exactly one of the keys http, command, predictions.
"""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from harness.core.files import Strict, suggest
from harness.core.secrets import is_secret_name

Seconds = Annotated[float, Field(gt=0, le=3600)]

_HOST_AND_PORT = re.compile(r"^[A-Za-z0-9.\-]+:\d{1,5}(/.*)?$")
_HEADER = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_EXAMPLES = "e.g. `http://127.0.0.1:9000/solve`, `{command: [python, agent.py]}` or `predictions.jsonl`"


class HttpSolverSpec(Strict):
    """An endpoint that is sent `{"id", "input", "trial", "seed"}` by POST and answers with JSON.

    `${NAME}` in a header's value is taken from the environment; `timeout` is in seconds, for one attempt.
    """

    http: str
    headers: dict[str, str] = Field(default={}, description="`${NAME}` is a variable of the environment")
    timeout: Seconds = 30.0
    max_retries: int = Field(default=2, ge=0, le=20)

    @field_validator("http")
    @classmethod
    def _address(cls, value: str) -> str:
        return _checked_address(value)

    @field_validator("headers")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.match(name):
                raise ValueError(f"{name!r} is no name of a header")
            if is_secret_name(name) and "${" not in text:
                raise ValueError(f"the header {name} is a secret, which is named and not written: use ${{NAME}}")
        return value

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.http.partition("?")[0]


class CommandSolverSpec(Strict):
    """A command that is started for each sample, reads `{"id", "input", "trial", "seed"}` and writes JSON.

    No shell is involved. `python` is the Python that runs the harness; `cwd` is relative to the suite's folder, which is
    the default. `timeout` is in seconds.
    """

    command: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    timeout: Seconds = 30.0
    cwd: str | None = None

    @field_validator("command", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(f"a command is a list of words, since no shell reads it: [{', '.join(value.split())}]")
        return value

    @property
    def name(self) -> str:
        """What a report calls it."""
        return " ".join(self.command)


class PredictionsSolverSpec(Strict):
    """A file of answers that were made elsewhere: JSON Lines, one a sample, or one a sample and trial."""

    predictions: str = Field(min_length=1)

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.predictions


SolverSpec = HttpSolverSpec | CommandSolverSpec | PredictionsSolverSpec
_KINDS: dict[str, type[SolverSpec]] = {
    "http": HttpSolverSpec,
    "command": CommandSolverSpec,
    "predictions": PredictionsSolverSpec,
}


def parse_solver(value: Any) -> SolverSpec | str:
    """The spec of a suite's `solver:`, or its string where that names a solver of ours or a function.

    ValueError in one line, which never shows the value of a header.
    """
    if isinstance(value, SolverSpec):
        return value
    if isinstance(value, str):
        return _of_text(value.strip())
    if not isinstance(value, dict):
        raise ValueError(f"a solver is a name or a mapping, {_EXAMPLES}")
    kinds = [key for key in _KINDS if key in value]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise ValueError(f"a solver has exactly one of http, command, predictions (found {found}), {_EXAMPLES}")
    model = _KINDS[kinds[0]]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ValueError(_first(error, model)) from None


def _of_text(text: str) -> SolverSpec | str:
    if "://" in text:
        return HttpSolverSpec(http=_checked_address(text))
    if _HOST_AND_PORT.match(text):
        raise ValueError(f"{text!r} has no scheme: write http://{text}")
    if text.endswith(".jsonl"):
        return PredictionsSolverSpec(predictions=text)
    return text


def _checked_address(text: str) -> str:
    """`text`, if it is an address that can be posted to and holds no login; ValueError without the login if not."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"this address can't be read: {error}") from None
    if "@" in parts.netloc:
        raise ValueError("the address holds a login: put it into `headers`, e.g. Authorization: Bearer ${MY_TOKEN}")
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError(f"{text!r} is no address of an endpoint: begin with http:// or https:// and a host")
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError(f"{text!r} holds white space")
    return text


def _first(error: ValidationError, model: type[SolverSpec]) -> str:
    """The first mistake, without the value that was given: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key {key!r} of a solver: {suggest(key, list(model.model_fields))}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}"
