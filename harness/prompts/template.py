"""A prompt: Markdown with front matter and one section a role, rendered by Jinja with no variable left undefined.

The agent fills the variables with blocks that are already spotlighted, so an author can't forget to mark what is
untrusted, and text in them is never itself a template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field

from harness.core.errors import UsageError
from harness.core.files import Strict, read_front_matter, suggest, validate
from harness.core.hashing import content_hash

VARIABLES = {
    "labels": "id, title and definition of every label",
    "ticket": "the ticket's fields, trusted and untrusted told apart",
    "policies": "the retrieved clauses in force at the ticket's date",
    "incidents": "the retrieved past incidents with their labels",
    "as_of": "the date that policies and incidents are looked up at",
    "answer_format": "how to answer, with the JSON keys",
    "tools": "names and purposes of the tools",
}
"""Every variable that a prompt may use, and what stands in it."""

_ROLE = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)


class PromptHead(Strict):
    """Front matter of a prompt."""

    id: str = Field(min_length=1)
    version: int = Field(ge=1)
    description: str = ""


@dataclass(frozen=True)
class Prompt:
    """A checked template. `parts` are (role, source) in the file's order."""

    head: PromptHead
    parts: tuple[tuple[Literal["system", "user"], str], ...]
    path: Path

    @cached_property
    def hash(self) -> str:
        """Content hash of all that reaches the model."""
        return content_hash([list(part) for part in self.parts])

    @cached_property
    def variables(self) -> frozenset[str]:
        """Names that the template uses."""
        found = (meta.find_undeclared_variables(_ENVIRONMENT.parse(source)) for _, source in self.parts)
        return frozenset[str]().union(*found)

    @cached_property
    def _compiled(self) -> tuple[tuple[str, Any], ...]:
        return tuple((role, _ENVIRONMENT.from_string(source)) for role, source in self.parts)

    def render(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """(role, text) of each part with every variable filled; UsageError where one is missing."""
        try:
            return [(role, template.render(values).strip()) for role, template in self._compiled]
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UsageError(f"can't render: {error}", where=self.path, fix="correct the template") from None


def load_prompt(path: Path) -> Prompt:
    """Read and check a prompt; UsageError with file and line for bad syntax or a variable that doesn't exist."""
    front = read_front_matter(path, what="prompt", keys="id, version")
    head = validate(PromptHead, front.value, where=path, lines=front.lines)
    pieces = _ROLE.split(front.body)
    if len(pieces) < 3 or pieces[0].strip():
        raise UsageError(
            "no role sections", where=f"{path}:{front.first_line}", fix="begin with `# system` or `# user`"
        )
    parts: list[tuple[Literal["system", "user"], str]] = []
    line = front.first_line - 1 + pieces[0].count("\n")
    for role, source in zip(pieces[1::2], pieces[2::2], strict=True):
        _check(source, path=path, first=line)
        parts.append(("system" if role == "system" else "user", source))
        line += source.count("\n")
    return Prompt(head=head, parts=tuple(parts), path=path)


def _check(source: str, *, path: Path, first: int) -> None:
    """Refuse bad syntax and unknown variables; `first` is the lines before this part in the file."""
    try:
        tree = _ENVIRONMENT.parse(source)
        unknown = meta.find_undeclared_variables(tree) - set(VARIABLES)
    except TemplateSyntaxError as error:
        where = f"{path}:{first + error.lineno}"
        raise UsageError(f"template syntax: {error.message}", where=where, fix="see Jinja's template syntax") from None
    if unknown:
        name = min(unknown)
        named = (node for node in tree.find_all(nodes.Expr) if isinstance(node, nodes.Name | nodes.NSRef))
        used = next(node.lineno for node in named if node.name == name)
        raise UsageError(
            f"unknown variable {name!r}", where=f"{path}:{first + used}", fix=suggest(name, list(VARIABLES))
        )
