"""Runs to compare, made by functions whose answers a test knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.build import evaluate
from tests.world import FUNCTION_SUITE, World, sample

SIDES = """
import hashlib

def number(ticket):
    return int(ticket["id"].split("-")[1])

def right(ticket):
    return "berth_fee"

def half(ticket):
    return "berth_fee" if number(ticket) % 2 else "mooring_fault"

def other_half(ticket):
    return "mooring_fault" if number(ticket) % 2 else "berth_fee"

def some(ticket):
    return "berth_fee" if number(ticket) % 5 else "mooring_fault"

def few(ticket):
    return "berth_fee" if number(ticket) % 7 else "mooring_fault"

def breaks(ticket):
    if number(ticket) < 3:
        raise OSError("no line")
    return "berth_fee"

def chance(ticket, seed):
    return "berth_fee" if seed % 2 else "mooring_fault"

def wrong(sample, output):
    return {"wrong": output.label != "berth_fee", "note": "text"}

def odd(sample, output):
    return output.label == "berth_fee" and number(sample.input) % 2 == 1
"""

Made = Callable[..., Path]


@pytest.fixture
def made(world: World, code: Callable[[str, str], Path], tmp_path: Path) -> Made:
    """Run one of SIDES over `n` tickets, all about a fee, into a folder of that name."""
    code("sides", SIDES)
    world.write_suite(**FUNCTION_SUITE, solver="sides:right")
    write_tickets(world, 40)

    def run(name: str, *overrides: str, out: str = "", **options: Any) -> Path:
        folder = tmp_path / (out or name)
        evaluate(world.suite, overrides=[f"solver=sides:{name}", *overrides], out=folder, **options)
        return folder

    return run


def write_tickets(world: World, n: int, *, clusters: int = 0, message: str = "An invoice.") -> None:
    """`n` tickets about a fee, in `clusters` clusters if given."""
    rows = [sample(f"t-{i}", f"{message} {i}", "berth_fee") for i in range(n)]
    world.write_rows(
        "samples.jsonl", [{**r, "cluster": f"c-{i % clusters}"} if clusters else r for i, r in enumerate(rows)]
    )
