"""Taking up a run that was interrupted: what it had is kept, what is missing or errored is asked again."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UsageError
from harness.core.files import read_text
from harness.core.types import ScoreRow
from harness.evaluation.journal import outcome_of, read_journal
from harness.evaluation.runner import Results, light

JOURNAL = "samples.jsonl"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier part of a run leaves: its manifest, its verdicts, and the records of its model calls."""

    manifest: dict[str, Any]
    results: Results
    done: frozenset[tuple[str, int]]
    calls: tuple[Mapping[str, Any], ...]


def take_up(
    folder: Path, manifest: Mapping[str, Any], *, scorers: Sequence[str], trials: set[tuple[str, int]]
) -> Earlier:
    """Read a run's folder for going on with it, and leave only whole trials without an error in its journal.

    `manifest` is that of the run as it would begin now, `trials` (sample id, number) all that it has. UsageError where
    anything that could change an answer or a verdict isn't what it was.
    """
    before = _manifest(folder)
    changed = _changed(before, manifest)
    if changed:
        what = f"this run was made with other {' and '.join(changed)}"
        raise UsageError(what, where=folder, fix="put it back as it was, or begin a new run")
    rows: dict[str, list[ScoreRow]] = {name: [] for name in scorers}
    results, done, calls = Results(rows=rows, total=len(trials)), set[tuple[str, int]](), list[Mapping[str, Any]]()
    kept = folder / f".{JOURNAL}.tmp"
    try:
        with kept.open("w", encoding="utf-8", errors="backslashreplace") as file:
            for row in _whole(folder, trials=trials):
                key = row["sample_id"], row["trial"]
                if key in done:
                    continue
                done.add(key)
                _add(results, row)
                calls += row["trace"].get("calls") or ()
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
    except UsageError:
        kept.unlink()
        raise
    os.replace(kept, folder / JOURNAL)
    for baseline in folder.glob("baseline-*.jsonl"):
        baseline.unlink()
    return Earlier(before, results, frozenset(done), tuple(calls))


def _whole(folder: Path, *, trials: set[tuple[str, int]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of trials that ended without an error; UsageError for one that isn't asked for now."""
    for row in read_journal(folder / JOURNAL):
        if (row["sample_id"], row["trial"]) not in trials:
            what = f"it has trial {row['trial']} of sample {row['sample_id']!r}, which isn't asked for now"
            raise UsageError(what, where=folder, fix="give the same --limit and --sample-id as before")
        if row["outcome"] != "errored":
            yield row


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file() or not (folder / JOURNAL).is_file():
        raise UsageError("not the folder of a run that began", where=folder, fix="name the one that `eval` wrote")
    try:
        value = json.loads(read_text(path, what="manifest"))
        return dict(value)
    except ValueError as error:
        raise UsageError(f"not valid JSON: {error}", where=path, fix="begin a new run") from None


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The parts that differ; empty where the run can go on."""
    old, new = before.get("hashes") or {}, now["hashes"]
    found = [part.replace("_", " ") for part in new if old.get(part) != new[part]]
    if before.get("run_key") != now["run_key"] and not found:
        suite, ours = before.get("suite") or {}, now["suite"]
        keys = ("solver", "input", "retrieval", "trials", "seed", "model", "model_parameters", "calls")
        found = [key for key in keys if suite.get(key) != ours.get(key)] or ["settings"]
    return found


def _add(results: Results, row: Mapping[str, Any]) -> None:
    """A journal's line as the runner would have kept it."""
    cluster = row["sample"]["cluster"]
    for name, rows in results.rows.items():
        rows.append(ScoreRow(row["sample_id"], row["trial"], cluster, light(outcome_of(row["scores"][name]))))
    results.done += 1
    results.scored += row["outcome"] == "scored"
    results.unscored += row["outcome"] == "unscored"
