"""Labelled texts as a suite: what is written, how it is split, and what is refused with nothing written."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.build import evaluate
from harness.core.errors import UsageError
from harness.core.taxonomy import load_taxonomy
from harness.workflows.check import check_suites
from harness.workflows.importers import Imported, import_routing
from harness.workflows.importers.routing import TEST_SHARE
from tests.places import reference_rows

Pair = tuple[str, str]
FILES = ("incidents.jsonl", "prompt.md", "samples.jsonl", "suite.yaml", "taxonomy.yaml")
MANY = [(f"message {n} about {('a card', 'money')[n % 2]}", ("Card?", "Money back")[n % 2]) for n in range(60)]


def write(path: Path, pairs: Sequence[Pair]) -> Path:
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs))
    return path


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def make(tmp_path: Path) -> "Make":
    return Make(tmp_path)


class Make:
    """Imports pairs into a folder of the test's own, a new one each time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def __call__(self, train: Sequence[Pair], test: Sequence[Pair] | None = None, **options: Any) -> Imported:
        self.made += 1
        given = write(self.folder / "train.jsonl", train)
        other = None if test is None else write(self.folder / "test.jsonl", test)
        return import_routing(train=given, test=other, out=self.folder / f"out{self.made}", **options)


def sides(made: Imported) -> tuple[set[Pair], set[Pair]]:
    """(text, label) of incidents, and of samples."""
    incidents = {(row["narrative"], row["label"]) for row in rows(made.folder, "incidents.jsonl")}
    return incidents, {(row["input"]["text"], row["target"]["label"]) for row in rows(made.folder, "samples.jsonl")}


def test_a_training_and_a_test_file_become_incidents_and_samples(make: Make) -> None:
    made = make(
        [("lost it", "Card?"), ("refund", "Money back"), ("pay me", "Money back")],
        [("gone", "Card?"), ("Pay  ME", "Money back")],
        oos=None,
    )
    assert (made.labels, made.incidents, made.samples, made.repeated, made.leaked) == (2, 2, 2, 0, 1)
    incidents, samples = rows(made.folder, "incidents.jsonl"), rows(made.folder, "samples.jsonl")
    assert [(row["narrative"], row["label"]) for row in incidents] == [("lost it", "card"), ("refund", "money_back")]
    assert [(row["input"], row["target"], row["split"]) for row in samples] == [
        ({"text": "gone"}, {"label": "card"}, "test"),
        ({"text": "Pay  ME"}, {"label": "money_back"}, "test"),
    ]
    assert sorted(path.name for path in made.folder.iterdir()) == list(FILES)
    assert "closed_at" not in incidents[0]
    taxonomy = load_taxonomy(made.folder / "taxonomy.yaml")
    assert [(label.id, label.title, label.queue) for label in taxonomy.labels] == [
        ("card", "Card?", "Card?"),
        ("money_back", "Money back", "Money back"),
    ]


SMALL = st.lists(
    st.tuples(st.sampled_from([f"text {n}" for n in range(30)]), st.sampled_from("abc")), min_size=12, max_size=40
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SMALL, st.randoms(), st.integers(0, 3))
def test_the_split_hangs_on_texts_alone(make: Make, pairs: list[Pair], draw: random.Random, seed: int) -> None:
    respelled = [(text.upper().replace(" ", "  "), label) for text, label in pairs]
    mixed = draw.sample([*pairs, *respelled], 2 * len(pairs))
    try:
        one = make(pairs, seed=seed)
    except UsageError as error:
        assert "no row falls into the test" in error.what or "only one label" in error.what
        return
    two = make(mixed, seed=seed)
    plain = [{(text.lower().replace("  ", " "), label) for text, label in side} for side in sides(two)]
    assert list(sides(one)) == plain
    incidents, samples = plain
    assert not {text for text, _ in incidents} & {text for text, _ in samples}
    assert {label for _, label in incidents} == {label for _, label in pairs}
    assert incidents | samples == set(pairs)
    assert two.repeated == 2 * len(pairs) - len(set(pairs))


def test_a_fifth_of_the_texts_is_the_test_and_another_seed_draws_another_fifth(make: Make) -> None:
    pairs = [(f"message {n}", str(n % 5)) for n in range(4000)]
    one, two = make(pairs), make(pairs, seed=1)
    for made in (one, two):
        assert made.incidents + made.samples == 4000
        assert made.samples / 4000 == pytest.approx(TEST_SHARE, abs=0.02)  # 3 standard errors
    both = sides(one)[1] & sides(two)[1]
    assert len(both) / 4000 == pytest.approx(TEST_SHARE**2, abs=0.01)


def test_importing_again_gives_the_same_bytes(make: Make) -> None:
    one, two = make(MANY), make(MANY)
    for name in FILES:
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


def test_a_label_whose_texts_would_all_be_tested_keeps_one_to_learn_from(make: Make) -> None:
    for n in range(12):
        made = make([*MANY, (f"a rare one, {n}", "rare")])
        incidents, samples = sides(made)
        assert (f"a rare one, {n}", "rare") in incidents and (f"a rare one, {n}", "rare") not in samples


def test_a_text_that_has_two_labels_is_two_samples_of_one_cluster(make: Make) -> None:
    made = make([("a", "x"), ("b", "y")], [("both", "x"), ("both", "y"), ("both", "x"), ("other", "x")])
    one, two, other = rows(made.folder, "samples.jsonl")
    assert one["cluster"] == two["cluster"] != other["cluster"] and one["id"] != two["id"]
    assert (made.samples, made.repeated) == (3, 1)


def test_rows_out_of_scope_are_to_be_reviewed_and_are_no_incidents(make: Make) -> None:
    train = [*MANY, ("what is the weather", "none")]
    made = make(train, [("my card", "Card?"), ("tell a joke", "none")], oos="none")
    assert (made.labels, made.incidents, made.samples, made.out_of_scope, made.outside) == (2, 60, 2, 1, 1)
    card, joke = rows(made.folder, "samples.jsonl")
    assert (joke["target"], joke["slices"]) == ({"label": None}, ["out_of_scope"]) and "slices" not in card
    run = evaluate(made.folder / "suite.yaml", overrides=["retrieval.embeddings=hashing"], out=made.folder / "run")
    assert run["review.oos_auroc"].n_scored == 2 and run["review.oos_rate"].n_scored == 1


def test_what_is_written_passes_check_and_runs_at_once(make: Make) -> None:
    alike = [
        (f"I have been waiting for my new {what} for more than two weeks now, where is it?", "Card?")
        for what in ("card", "pin")
    ]
    made = make([*MANY, *alike], [*MANY[:1], *alike, ("money_back: pay me what I lost", "Money back")])
    checked = check_suites([made.folder / "suite.yaml"])
    assert checked.findings == ()
    run = evaluate(made.folder / "suite.yaml", overrides=["retrieval.embeddings=hashing"], out=made.folder / "run")
    assert run["routing.accuracy"].n_scored == 4 and set(run.baselines) == {"linear", "majority"}
    with pytest.raises(KeyError):
        run["review.oos_auroc"]


@pytest.mark.parametrize(
    ("train", "test", "oos", "said"),
    [
        (MANY[::2], None, None, "train.jsonl: only one label, 'Card?'; routing takes rows of two labels or more"),
        (MANY, None, "Card?", "train.jsonl: only one label, 'Money back'; routing takes rows of two labels or more"),
        (MANY[::2], None, "Card?", "train.jsonl: no label to choose from; routing takes rows of two labels or more"),
        (MANY, None, "Crad?", "--oos: no row has the label 'Crad?'; did you mean 'Card?'?"),
        (MANY, [("a", "Card?"), ("b", "new")], None, "test.jsonl:2: the label 'new' has no row in the training file; add some, or name it with --oos"),
        (MANY, MANY, None, "test.jsonl:1: the label 'Card?' has only training rows whose texts stand in the test; take those texts out of the test"),
        ([("a", "x"), ("b", "y")], None, None, "train.jsonl: no row falls into the test; give more rows, or a file with --test"),
        ([*MANY, ("z", "card")], None, None, "train.jsonl:61: the labels 'card' here and 'Card?' at {}/train.jsonl:1 would both get the id 'card'; rename one of them"),
    ],
    ids=["one label", "one beside oos", "only oos", "oos unknown", "test label unknown", "test is train", "few rows", "collision"],
)  # fmt: skip
def test_what_cant_become_a_suite_is_refused_and_nothing_is_written(
    make: Make, train: list[Pair], test: list[Pair] | None, oos: str | None, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make(train, test, oos=oos)
    where = "" if said.startswith("--") else f"{make.folder}/"
    assert str(caught.value) == where + said.format(make.folder)
    assert {path.name for path in make.folder.iterdir()} <= {"train.jsonl", "test.jsonl"}


def test_only_a_new_or_an_empty_folder_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = write(tmp_path / "train.jsonl", MANY)
    for out, said in (
        (tmp_path, "this is there already and isn't an empty folder; give --out a new folder"),
        (train, "this is there already and isn't an empty folder; give --out a new folder"),
        (train / "x", "can't write: Not a directory; give --out another folder"),
        (tmp_path / ("n" * 300), "can't write: File name too long; give --out another folder"),
    ):
        with pytest.raises(UsageError) as caught:
            import_routing(train=train, test=None, out=out)
        assert str(caught.value) == f"{out}: {said}"
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    made = import_routing(train=train, test=None, out=Path())
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == list(FILES) and made.labels == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "train.jsonl"]


def test_the_reader_routes_real_messages_of_a_bank(make: Make) -> None:
    """8 of the 77 labels that are easily taken for one another, a fifth of their texts as the test."""
    wanted = ("card_arrival", "card_delivery_estimate", "lost_or_stolen_card", "compromised_card", "declined_transfer",
              "failed_transfer", "transfer_timing", "pending_transfer")  # fmt: skip
    found = reference_rows("banking77/train.jsonl.gz")
    made = make([(row["text"], row["label"]) for row in found if row["label"] in wanted])
    run = evaluate(made.folder / "suite.yaml", out=made.folder / "run", limit=150)
    accuracy = run["routing.accuracy"]
    assert accuracy.low is not None and accuracy.low > 0.8
    assert run["calibration.ece"].value is not None and run["calibration.ece"].value < 0.1
