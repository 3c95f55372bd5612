from pathlib import Path
from typing import Any

import pytest

from harness.core.errors import UsageError
from harness.core.taxonomy import Taxonomy, load_taxonomy
from tests.places import TAXONOMY

LABEL: dict[str, Any] = {"id": "leak", "title": "Leak", "definition": "Water where none belongs.", "queue": "plumbers"}


def taxonomy(*labels: dict[str, Any], **rest: Any) -> Taxonomy:
    return Taxonomy.model_validate({"name": "house", "labels": labels, **rest})


def test_labels_keep_the_order_of_the_file() -> None:
    loaded = taxonomy({**LABEL, "id": "z"}, {**LABEL, "id": "a", "high_risk": True})
    assert loaded.ids == ("z", "a")
    assert list(loaded.by_id) == ["z", "a"]
    assert loaded.by_id["a"].queue == "plumbers"
    assert loaded.high_risk == {"a"}


def test_the_shipped_taxonomy_has_twelve_labels() -> None:
    shipped = load_taxonomy(TAXONOMY)
    assert len(shipped.ids) == 12
    assert shipped.costs.labels == shipped.ids
    assert shipped.high_risk < set(shipped.ids)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("labels:\n  - {id: a, title: A, definition: a, queue: q}\n", 2, "labels: tuple should have at least 2 items"),
        (
            "labels:\n  - {id: a, title: A, definition: a, queue: q}\n  - {id: a, title: A, definition: a, queue: q}\n",
            1,
            "label 'a' is defined twice",
        ),
        ("labels:\n  - id: a\n    titel: A\n", 3, "missing key 'labels.0.title'; add it there"),
        ("labels:\n  - {id: Big, title: A, definition: a, queue: q}\n  - {}\n", 3, "labels.0.id: string should match"),
        ("assumptions:\n  review: -1\nlabels: []\n", 3, "assumptions.review"),
        ("schema_version: 2\nlabels: []\n", 2, "schema_version: input should be 1 (given 2)"),
    ],
)
def test_a_wrong_taxonomy_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(f"name: x\n{text}")
    with pytest.raises(UsageError) as caught:
        load_taxonomy(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    "wrong",
    [{"severity": "P9"}, {"sla_hours": 0}, {"miss_harm": {"probability": 1.5}}, {"false_raise": {"cost": -1}}],
)
def test_figures_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        taxonomy({**LABEL, **wrong}, {**LABEL, "id": "b"})
