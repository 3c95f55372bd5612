"""Policies: Markdown with YAML front matter, one file a version, clauses with stable numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from harness.core.errors import OnError, UsageError, stop
from harness.core.files import Strict, read_front_matter, validate

_HEADING = re.compile(r"^##\s+(.*\S)\s*$")
_CLAUSE = re.compile(r"^(\d+(?:\.\d+)+)\s+(\S.*)$")


class PolicyHead(Strict):
    """The front matter of one policy version. In force from `effective_from` up to, not including, `effective_to`."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")
    title: str = Field(min_length=1)
    version: int = Field(ge=1)
    effective_from: date
    effective_to: date | None = None
    supersedes: str | None = None
    labels: tuple[str, ...] = ()
    region: Annotated[str, Field(min_length=1)] = "all"
    owner: str = ""
    change: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> "PolicyHead":
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError(f"effective_to {self.effective_to} is not after effective_from {self.effective_from}")
        return self


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered clause; `id` is what citations carry, e.g. `POL-PAY-02@3#4.1`."""

    id: str
    number: str
    heading: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a policy. `lines` are those of the front matter's keys."""

    head: PolicyHead
    clauses: tuple[Clause, ...]
    path: Path
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Id and version, e.g. `POL-PAY-02@3`."""
        return f"{self.head.id}@{self.head.version}"

    def at(self, key: str) -> str:
        """file:line of a key of the front matter; of the file's head where it doesn't stand there."""
        return f"{self.path}:{self.lines.get(key, 1)}"

    def in_force(self, day: date) -> bool:
        """Whether this version holds on `day`."""
        end = self.head.effective_to
        return self.head.effective_from <= day and (end is None or day < end)


def load_policies(folder: Path) -> tuple[Policy, ...]:
    """Every `*.md` below `folder`, by id and version; a UsageError where the folder has none or a file is wrong."""
    policies = read_policies(folder)
    for error in (*repeated_versions(policies), *overlaps(policies)):
        raise error
    return policies


def read_policies(folder: Path, *, on_error: OnError = stop) -> tuple[Policy, ...]:
    """The valid policies below `folder`, by id and version; each wrong file goes to `on_error`."""
    if not folder.is_dir():
        raise UsageError("no such folder of policies", where=folder, fix="check `corpora.policies` in the suite")
    paths = sorted(folder.rglob("*.md"))
    if not paths:
        raise UsageError("this folder has no policy (*.md)", where=folder, fix="add one, or leave `policies` out")
    policies: list[Policy] = []
    for path in paths:
        try:
            policies.append(parse_policy(path))
        except UsageError as error:
            on_error(error)
    return tuple(sorted(policies, key=lambda policy: (policy.head.id, policy.head.version)))


def parse_policy(path: Path) -> Policy:
    """One policy file; a UsageError with file and line where it is wrong."""
    front = read_front_matter(path, what="policy", keys="id, title, version …")
    head = validate(PolicyHead, front.value, where=path, lines=front.lines)
    key = f"{head.id}@{head.version}"
    clauses = tuple(_clauses(front.body, key=key, path=path, first=front.first_line))
    if not clauses:
        raise UsageError("no numbered clause", where=path, fix="begin each clause with its number, e.g. `4.1 A host …`")
    seen: set[str] = set()
    for clause in clauses:
        if clause.number in seen:
            raise UsageError(f"clause {clause.number} stands twice", where=clause.at, fix="renumber one of them")
        seen.add(clause.number)
    keys = {str(name[0]): line for name, line in front.lines.items() if len(name) == 1}
    return Policy(head=head, clauses=clauses, path=path, lines=keys)


def _clauses(body: str, *, key: str, path: Path, first: int) -> Iterator[Clause]:
    """Clauses of a policy's body; a line that is neither heading nor numbered continues the clause above it."""
    heading, number, parts, line = "", "", list[str](), first
    for n, raw in enumerate(body.split("\n"), first):
        title, clause = _HEADING.match(raw), _CLAUSE.match(raw)
        if (title or clause) and number:
            yield Clause(f"{key}#{number}", number, heading, " ".join(parts), f"{path}:{line}")
            number = ""
        if title:
            heading = title[1]
        elif clause:
            number, parts, line = clause[1], [clause[2].strip()], n
        elif number and raw.strip():
            parts.append(raw.strip())
    if number:
        yield Clause(f"{key}#{number}", number, heading, " ".join(parts), f"{path}:{line}")


def repeated_versions(policies: Sequence[Policy]) -> Iterator[UsageError]:
    """An error for each version of a policy that is in another file already; `policies` as they were read."""
    for one, two in pairwise(policies):
        if one.key == two.key:
            yield UsageError(
                f"{one.key} is also in {one.path}", where=two.at("version"), fix="give one another version"
            )


def gaps(policies: Sequence[Policy]) -> Iterator[UsageError]:
    """An error for each version that begins days after the one before it has ended; `policies` as they were read."""
    for one, two in successions(policies):
        end, begin = one.head.effective_to, two.head.effective_from
        if end is not None and end < begin:
            yield UsageError(
                f"no version of {two.head.id} holds from {end} until {two.key} begins on {begin}",
                where=two.at("effective_from"),
                fix="close the gap",
            )


def successions(policies: Sequence[Policy]) -> Iterator[tuple[Policy, Policy]]:
    """Each version of a policy with the one before it for the same region; `policies` as they were read."""
    before: dict[tuple[str, str], Policy] = {}
    for policy in policies:
        chain = (policy.head.id, policy.head.region)
        if chain in before and before[chain].key != policy.key:
            yield before[chain], policy
        before[chain] = policy


def overlaps(policies: Sequence[Policy]) -> Iterator[UsageError]:
    """An error for each version that begins while the one before it, for the same region, still holds."""
    for one, two in successions(policies):
        end = one.head.effective_to
        if end is None or two.head.effective_from < end:
            yield UsageError(
                f"{two.key} begins {two.head.effective_from} while {one.key} still holds (to {end or 'open'})",
                where=two.at("effective_from"),
                fix=f"end {one.key} no later than {two.head.effective_from}",
            )
