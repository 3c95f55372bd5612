"""Finished runs read back from their folders: the manifest, the metrics, and the facts of each trial behind them."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import parse_json, read_jsonl, read_text

_AGAIN = "run it again with `harness eval`"


@dataclass(frozen=True, slots=True)
class RecordedMetric:
    """A headline metric as it stands in metrics.json. `fact` is None where it is no mean over trials."""

    name: str
    value: float | None
    n_scored: int
    unit: str
    fact: str | None
    lower_is_better: bool


@dataclass(frozen=True, slots=True)
class RecordedTrial:
    """One line of the journal. `facts` holds the figures it has, `missing` a word for each that it hasn't."""

    sample_id: str
    trial: int
    cluster: str
    answer: str
    expected: str
    facts: Mapping[str, float | bool]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class RecordedRun:
    """A run's folder, and what its manifest and metrics.json say. `hashes` and `suite` are parts of the manifest."""

    path: Path
    manifest: Mapping[str, Any]
    hashes: Mapping[str, Any]
    suite: Mapping[str, Any]
    info: Mapping[str, Any]
    metrics: Mapping[str, RecordedMetric]

    def trials(self, names: Collection[str]) -> list[RecordedTrial]:
        """The journal's trials with the facts that the metrics `names` are means of.

        UsageError at file:line for a broken line or a trial that stands twice, and where the journal has not as many
        figures of a metric as metrics.json counts.
        """
        journal = self.path / "samples.jsonl"
        metrics = [self.metrics[name] for name in names]
        places = {metric.fact: self._place(metric.fact) for metric in metrics if metric.fact is not None}
        found: dict[tuple[str, int], RecordedTrial] = {}
        for line, row in read_jsonl(journal, what="journal"):
            trial = _trial(row, places, where=f"{journal}:{line}")
            if (trial.sample_id, trial.trial) in found:
                what = f"trial {trial.trial} of sample {trial.sample_id!r} stands twice"
                raise UsageError(what, where=f"{journal}:{line}", fix="take one out, or run it again")
            found[trial.sample_id, trial.trial] = trial
        for metric in metrics:
            n = sum(metric.fact in trial.facts for trial in found.values())
            if n != metric.n_scored:
                what = f"{n} figures of {metric.name} here, {metric.n_scored} in metrics.json: not files of one run"
                raise UsageError(what, where=journal, fix=_AGAIN)
        return list(found.values())

    def _place(self, fact: str) -> tuple[str, str]:
        """Scorer and key of `<scorer>.<key>`; both may hold dots."""
        scorers = [name for name in self.hashes["scorers"] if fact.startswith(f"{name}.")]
        if not scorers:
            raise UsageError(f"no scorer of this run gives {fact!r}", where=self.path / "metrics.json", fix=_AGAIN)
        scorer = max(scorers, key=len)
        return scorer, fact[len(scorer) + 1 :]


def read_run(path: Path) -> RecordedRun:
    """Read a run's folder, also given as its metrics.json. UsageError where it is none, or was not finished."""
    folder = path.parent if path.name == "metrics.json" else path
    if not (folder / "manifest.json").is_file():
        ab = (folder / "a" / "manifest.json").is_file()
        fix = f"name {folder / 'a'} and {folder / 'b'}" if ab else "name the folder that `harness eval --out` wrote"
        raise UsageError("not a run's folder, it has no manifest.json", where=folder, fix=fix)
    if not (folder / "metrics.json").is_file():
        raise UsageError("this run was never finished, it has no metrics.json", where=folder, fix=_AGAIN)
    manifest, written = _load(folder / "manifest.json"), _load(folder / "metrics.json")
    hashes = _part(manifest, "hashes", where=folder / "manifest.json")
    suite = _part(manifest, "suite", where=folder / "manifest.json")
    for key, part in (("eval_set", hashes), ("scorers", hashes), ("taxonomy", hashes), ("scorers", suite)):
        if key not in part:
            raise UsageError(f"no {key!r} in it", where=folder / "manifest.json", fix=_AGAIN)
    _part(hashes, "scorers", where=folder / "manifest.json")
    metrics = _part(written, "metrics", where=folder / "metrics.json")
    return RecordedRun(
        path=folder,
        manifest=manifest,
        hashes=hashes,
        suite=suite,
        info=_part(written, "run", where=folder / "metrics.json"),
        metrics={name: _metric(name, metrics, where=folder / "metrics.json") for name in metrics},
    )


def _load(path: Path) -> Mapping[str, Any]:
    try:
        value = parse_json(read_text(path, what="file of a run"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not valid JSON: {error}", where=path, fix=_AGAIN) from None
    if not isinstance(value, dict):
        raise UsageError(f"expected an object, found {type(value).__name__}", where=path, fix=_AGAIN)
    return value


def _part(value: Mapping[str, Any], key: str, *, where: Path) -> Mapping[str, Any]:
    part = value.get(key)
    if not isinstance(part, dict):
        raise UsageError(f"no {key!r} in it", where=where, fix=_AGAIN)
    return part


def _metric(name: str, metrics: Mapping[str, Any], *, where: Path) -> RecordedMetric:
    row = _part(metrics, name, where=where)
    value, n, unit, fact = row.get("value"), row.get("n_scored"), row.get("unit", ""), row.get("fact")
    named = isinstance(unit, str) and (fact is None or isinstance(fact, str))
    if not isinstance(n, int) or not named or not (value is None or _is_figure(value)):
        raise UsageError(f"{name} is no metric of ours", where=where, fix=_AGAIN)
    return RecordedMetric(name, value, n, unit, fact, bool(row.get("lower_is_better")))


def _trial(row: Mapping[str, Any], places: Mapping[str, tuple[str, str]], *, where: str) -> RecordedTrial:
    id, trial, scores, sample = row.get("sample_id"), row.get("trial"), row.get("scores"), row.get("sample")
    sound = isinstance(id, str) and isinstance(trial, int) and isinstance(scores, dict) and isinstance(sample, dict)
    if not sound:
        raise UsageError("not a line of a journal", where=where, fix=_AGAIN)
    assert isinstance(id, str) and isinstance(trial, int) and isinstance(scores, dict) and isinstance(sample, dict)
    facts: dict[str, float | bool] = {}
    missing: dict[str, str] = {}
    for fact, (scorer, key) in places.items():
        figure, why = _figure(scores.get(scorer), key)
        if figure is None:
            missing[fact] = why
        else:
            facts[fact] = figure
    return RecordedTrial(
        sample_id=id,
        trial=trial,
        cluster=str(sample.get("cluster") or id),
        answer=" ".join(_answers(row)),
        expected=_expected(sample.get("target")),
        facts=facts,
        missing=missing,
    )


def _figure(score: Any, key: str) -> tuple[float | bool | None, str]:
    """A verdict's figure, or None and a word for why there is none."""
    if not isinstance(score, dict):
        return None, "not judged"
    if score.get("outcome") != "scored" or not isinstance(score.get("value"), dict):
        return None, str(score.get("outcome", "not judged")).replace("_", " ")
    value = score["value"].get(key)
    return (value, "") if _is_figure(value) else (None, "without a figure")


def _is_figure(value: Any) -> bool:
    """A bool or a number that floats can hold."""
    try:
        return isinstance(value, bool | int | float) and math.isfinite(value)
    except OverflowError:
        return False


def _answers(row: Mapping[str, Any]) -> Iterator[str]:
    output = row.get("output")
    if not isinstance(output, dict):
        yield "(errored)"
        return
    failure = output.get("failure")
    if isinstance(failure, dict):
        yield f"({failure.get('kind')})"
    else:
        yield _text(output.get("label") if output.get("label") is not None else output.get("value"))
    if output.get("action") == "review":
        yield "(review)"


def _expected(target: Any) -> str:
    if not isinstance(target, dict):
        return ""
    if target.get("label") is not None:
        accepted = target.get("acceptable")
        others = accepted if isinstance(accepted, list) else []
        return " or ".join(dict.fromkeys(map(_text, [target["label"], *others])))
    return "(no label fits)" if target.get("value") is None else _text(target["value"])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
