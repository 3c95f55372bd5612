"""Which tools may be called: exact names, default deny, budgets per tool and per ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """Calls allowed per tool name, and in all. A name that isn't a key is denied."""

    limits: Mapping[str, int]
    total: int


@dataclass(frozen=True, slots=True)
class ToolRefusal:
    """Why a call was not made."""

    tool: str
    reason: str


def decide_call(policy: ToolPolicy, tool: str, *, made: Sequence[str]) -> ToolRefusal | None:
    """None if `tool` may be called after the calls `made`, else the refusal. Names are compared exactly."""
    if tool not in policy.limits:
        return ToolRefusal(tool, "not on the allow-list")
    if made.count(tool) >= policy.limits[tool]:
        return ToolRefusal(tool, f"its limit of {policy.limits[tool]} calls a ticket is used up")
    if len(made) >= policy.total:
        return ToolRefusal(tool, f"the ticket's limit of {policy.total} tool calls is used up")
    return None
