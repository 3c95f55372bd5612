"""Charts as static SVG: Vega-Lite specs of our own numbers, rendered in process, so that a report carries no script."""

from typing import Any

from harness.reporting.analyses import Reliability

_AXIS: dict[str, Any] = {"type": "quantitative", "scale": {"domain": [0, 1]}}
_TICKS = {"values": [0, 0.25, 0.5, 0.75, 1], "format": ".2~f"}


def reliability_svg(reliability: Reliability) -> str:
    """Confidence against accuracy, points sized by n, the diagonal of perfect calibration, and counts a bin below.

    The text in it is ours alone: axis titles and numbers. Starting the renderer takes about half a second.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(reliability_spec(reliability), allowed_base_urls=[])
    return svg


def reliability_spec(reliability: Reliability) -> dict[str, Any]:
    """The chart as Vega-Lite. Colours are set by the report's style sheet, by the class that Vega gives each mark."""
    rows = [
        {"low": b.low, "high": b.high, "n": b.n, "confidence": b.confidence, "accuracy": b.accuracy}
        for b in reliability.bins
    ]
    return {
        "data": {"values": rows},
        "background": None,
        "spacing": 8,
        "vconcat": [_points(), _histogram()],
        "config": {"view": {"stroke": None}, "axis": {"domain": False, "ticks": False, "labelPadding": 6}},
    }


def _points() -> dict[str, Any]:
    y = {"field": "accuracy", "title": "share correct", "axis": _TICKS, **_AXIS}
    x = {"field": "confidence", "title": None, "axis": {**_TICKS, "labels": False}, **_AXIS}
    defined = {"filter": "datum.n > 0"}
    ends = {"values": [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]}
    return {
        "width": 320,
        "height": 240,
        "layer": [
            {
                "data": ends,
                "mark": {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "transform": [defined],
                "mark": {"type": "rule", "strokeWidth": 1.5},
                "encoding": {"x": x, "y": y, "y2": {"field": "confidence"}},
            },
            {
                "transform": [defined],
                "mark": {"type": "circle", "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "size": {
                        "field": "n",
                        "type": "quantitative",
                        "scale": {"domainMin": 0, "rangeMin": 20, "rangeMax": 420},
                        "legend": None,
                    },
                },
            },
        ],
    }


def _histogram() -> dict[str, Any]:
    return {
        "width": 320,
        "height": 56,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "low", "title": "confidence", "axis": {**_TICKS, "grid": False}, "bin": "binned", **_AXIS},
            "x2": {"field": "high"},
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": "n",
                "axis": {"tickCount": 2, "format": "d"},
            },
        },
    }
