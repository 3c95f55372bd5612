"""The reliability diagram."""

import re
from xml.etree import ElementTree

from harness.reporting import Reliability
from harness.reporting.analyses import Bin
from harness.reporting.charts import reliability_spec, reliability_svg

BINS = Reliability(
    (Bin(0.0, 0.5, 4, 0.3, 0.5), Bin(0.5, 0.75, 0, None, None), Bin(0.75, 1.0, 12, 0.9, 0.75)),
)


def test_the_diagram_is_static_svg_with_a_point_and_a_bar_for_each_bin_that_holds_something() -> None:
    svg = reliability_svg(BINS)
    root = ElementTree.fromstring(svg)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names[0] == "svg"
    assert not {"script", "style", "image", "a", "foreignObject"} & set(names)
    assert "style=" not in svg and not re.search(r"\bon\w+=", svg)
    labels = re.findall(r'aria-label="confidence: ([\d.]+); share correct: ([\d.]+); n: (\d+)"', svg)
    assert labels == [("0.3", "0.5", "4"), ("0.9", "0.75", "12")]
    assert len(re.findall(r"<path[^>]*aria-roledescription=\"bar\"", svg)) == 3


def test_points_are_sized_by_n_and_the_bars_count_every_bin() -> None:
    spec = reliability_spec(BINS)
    assert [row["n"] for row in spec["data"]["values"]] == [4, 0, 12]
    points, bars = spec["vconcat"]
    assert points["layer"][2]["encoding"]["size"]["field"] == "n"
    assert points["layer"][0]["data"]["values"] == [
        {"confidence": 0, "accuracy": 0},
        {"confidence": 1, "accuracy": 1},
    ]
    assert (bars["encoding"]["x"]["field"], bars["encoding"]["y"]["field"]) == ("low", "n")
