"""`solver:` of a suite: an endpoint, a command, a file of predictions, or a name that is left as it is."""

from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.evaluation import load_suite
from harness.evaluation.solvers import CommandSolverSpec, HttpSolverSpec, PredictionsSolverSpec, parse_solver
from tests.world import FUNCTION_SUITE, World


@pytest.mark.parametrize("name", ["triage", "baseline:keyword", "my_agent:solve", "kit.deep:Agent.solve"])
def test_names_are_left_as_they_are(name: str) -> None:
    assert parse_solver(name) == name


@pytest.mark.parametrize(
    ("value", "spec", "name"),
    [
        ("http://127.0.0.1:9000/solve", HttpSolverSpec(http="http://127.0.0.1:9000/solve"), "http://127.0.0.1:9000/solve"),
        ({"http": "https://a.example/?k=1", "headers": {"Authorization": "Bearer ${T}"}, "timeout": 3, "max_retries": 0},
         HttpSolverSpec(http="https://a.example/?k=1", headers={"Authorization": "Bearer ${T}"}, timeout=3.0,
                        max_retries=0), "https://a.example/"),
        ({"command": ["python", "agent.py"]}, CommandSolverSpec(command=("python", "agent.py")), "python agent.py"),
        ({"command": ["./a"], "timeout": 2.5, "cwd": ".."}, CommandSolverSpec(command=("./a",), timeout=2.5, cwd=".."),
         "./a"),
        ("out/p.jsonl", PredictionsSolverSpec(predictions="out/p.jsonl"), "out/p.jsonl"),
        ({"predictions": "p.txt"}, PredictionsSolverSpec(predictions="p.txt"), "p.txt"),
    ],
)  # fmt: skip
def test_forms(value: Any, spec: Any, name: str) -> None:
    parsed = parse_solver(value)
    assert parsed == spec and not isinstance(parsed, str) and parsed.name == name
    assert parse_solver(parsed) == parse_solver(parsed.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "a solver is a name or a mapping, e.g."),
        ([], "a solver is a name or a mapping"),
        ({}, "exactly one of http, command, predictions (found none)"),
        ({"url": "http://a"}, "exactly one of http, command, predictions (found none)"),
        ({"http": "http://a", "command": ["a"]}, "(found http and command)"),
        ("127.0.0.1:9000/solve", "'127.0.0.1:9000/solve' has no scheme: write http://127.0.0.1:9000/solve"),
        ("localhost:9000", "has no scheme: write http://localhost:9000"),
        ("ftp://a/solve", "'ftp://a/solve' is no address of an endpoint: begin with http:// or https://"),
        ("http://", "is no address of an endpoint"),
        ("http:///solve", "is no address of an endpoint"),
        ("http://a:99999/", "this address can't be read"),
        ("http://[::1/", "this address can't be read"),
        ("http://a/b c", "holds white space"),
        ({"http": "a.example"}, "http: 'a.example' is no address of an endpoint"),
        ({"http": "http://a", "timeout": 0}, "timeout: input should be greater than 0"),
        ({"http": "http://a", "max_retries": 99}, "max_retries: input should be less than or equal to 20"),
        ({"http": "http://a", "header": {}}, "unknown key 'header' of a solver: did you mean 'headers'?"),
        ({"http": "http://a", "headers": {"a b": "x"}}, "headers: 'a b' is no name of a header"),
        ({"command": "python agent.py"}, "a command is a list of words, since no shell reads it: [python, agent.py]"),
        ({"command": []}, "command: tuple should have at least 1 item"),
        ({"command": [""]}, "command.0: string should have at least 1 character"),
        ({"command": ["a"], "timeout": float("nan")}, "timeout: input should be"),
        ({"predictions": ""}, "predictions: string should have at least 1 character"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_write(value: Any, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_solver(value)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("solver", "said"),
    [
        ({"http": "http://a", "headers": {"Authorization": "Bearer opensesame"}}, "use ${NAME}"),
        ({"http": "http://a", "headers": {"X-Api-Key": "opensesame"}, "x": 1}, "the header X-Api-Key is a secret"),
        ({"http": "http:/" + "/me:opensesame@a/"}, "the address holds a login"),
        ("http:/" + "/me:opensesame@a/", "the address holds a login"),
        ("http:/" + "/me:opensesame@[::1/", "this address can't be read"),
        (
            {"http": "http://a", "headers": {"Authorization": ["opensesame"]}},
            "headers.Authorization: input should be a",
        ),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(world: World, solver: Any, said: str) -> None:
    world.write_suite(**FUNCTION_SUITE, solver=solver)
    with pytest.raises(UsageError) as caught:
        load_suite(world.suite)
    assert said in str(caught.value) and "opensesame" not in str(caught.value)
    assert str(caught.value).startswith(f"{world.suite}:")


def test_a_suite_can_be_amended_with_any_solver(world: World, tmp_path: Path) -> None:
    world.write_suite(**FUNCTION_SUITE, solver={"http": "http://a.example/solve"})
    suite = load_suite(world.suite, overrides=["solver.timeout=3"])
    assert parse_solver(suite.solver) == HttpSolverSpec(http="http://a.example/solve", timeout=3)
    assert isinstance(parse_solver(load_suite(world.suite, overrides=["solver=p.jsonl"]).solver), PredictionsSolverSpec)
