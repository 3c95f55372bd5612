"""A/B runs on a persona, whose gain from a prompt is known beforehand."""

import json
from pathlib import Path

from tests.commands import ROOT, TRIAGE
from tests.conftest import Cli

PROMPTS = ROOT / "prompts" / "triage"


def test_an_ab_finds_the_gain_that_was_planted_and_says_that_it_is_simulated(cli: Cli, tmp_path: Path) -> None:
    prompts = ["--prompt", PROMPTS / "labels.md", "--prompt", PROMPTS / "precedents.md"]
    flags = ["--model", "persona:attentive", "--metric", "routing.accuracy", "--set", "split=null", "-q"]
    ran = cli("ab", TRIAGE, *prompts, *flags, "--set", "gates=[]", "--json", "--out", tmp_path / "ab")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["verdict"][0].startswith("SIMULATED: the answers of A and B")
    accuracy = found["metrics"]["routing.accuracy"]
    assert accuracy["difference"]["low"] <= 0.15 + 0.10 <= accuracy["difference"]["high"]  # precedents and policies
    assert accuracy["difference"]["low"] > 0


def test_a_prompt_against_itself_flips_nothing(cli: Cli, tmp_path: Path) -> None:
    prompts = ["--prompt", PROMPTS / "labels.md", "--prompt", PROMPTS / "labels.md"]
    flags = ["--model", "persona:attentive", "--metric", "routing.accuracy", "--limit", "40", "-q"]
    ran = cli("ab", TRIAGE, *prompts, *flags, "--set", "gates=[]", "--out", tmp_path / "ab")
    assert ran.code == 0 and "No difference" in ran.out
