"""What a run was made from: the resolved suite, content hashes, versions, git revision."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.build.plan import Plan
from harness.core.hashing import content_hash, hash_files
from harness.core.secrets import without_secrets
from harness.core.version import SCHEMA_VERSION, __version__
from harness.evaluation.solvers import PredictionsSolverSpec
from harness.evaluation.suite import Suite

_PACKAGES = (
    "chromadb",
    "langchain",
    "langchain-core",
    "langgraph",
    "numpy",
    "onnxruntime",
    "openai",
    "pydantic",
    "tantivy",
)


def make_manifest(plan: Plan, *, run_id: str, started_at: str) -> dict[str, Any]:
    """The manifest of a run; its `run_key` changes with all that can change an answer."""
    suite = plan.suite
    hashes = {
        "eval_set": plan.eval_set.hash,
        "taxonomy": content_hash(plan.taxonomy.model_dump(mode="json")) if plan.taxonomy else None,
        "corpora": plan.corpus.hash,
        "prompt": plan.prompt.hash if plan.prompt else None,
        "scorers": {scorer.name: scorer.version for scorer in plan.scorers},
        **_predictions(suite),
    }
    parameters = without_secrets(suite.model_parameters)
    resolved = suite.model_dump(mode="json") | {"model_parameters": parameters}
    answering = {
        key: resolved[key] for key in ("solver", "input", "retrieval", "trials", "seed", "model", "model_parameters")
    } | {"calls": {key: resolved["calls"][key] for key in ("structured", "probabilities", "draws", "api", "tools")}}
    return {
        "schema_version": SCHEMA_VERSION,
        "id": run_id,
        "started_at": started_at,
        "suite": {**resolved, "path": str(suite.path)},
        "prompt": str(plan.prompt.path) if plan.prompt else None,
        "model": _model(plan, parameters),
        "samples": len(plan.samples),
        "seed": suite.seed,
        "hashes": hashes,
        "run_key": content_hash(
            [
                answering,
                *(hashes[part] for part in ("eval_set", "taxonomy", "corpora", "prompt")),
                *_predictions(suite).values(),
            ]
        ),
        "versions": {"harness": __version__, "python": platform.python_version(), **_versions()},
        "git": git_state(suite.path.resolve().parent),
    }


def _predictions(suite: Suite) -> dict[str, str]:
    """The content of the file that answers, where one does."""
    if not isinstance(suite.solving, PredictionsSolverSpec):
        return {}
    path = suite.resolve(suite.solving.predictions)
    return {"predictions": hash_files([path], root=path.parent)} if path.is_file() else {}


def _model(plan: Plan, parameters: Any) -> dict[str, Any] | None:
    """The model, how it is asked, and where its label probabilities come from."""
    if plan.spec is None:
        return None
    calls = plan.suite.calls
    return {
        "id": plan.spec.id,
        "kind": plan.spec.kind,
        "parameters": parameters,
        "api": calls.api,
        "structured": calls.structured,
        "probabilities": calls.probabilities,
        "draws": calls.draws if calls.probabilities == "trials" else None,
    }


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}


def git_state(folder: Path) -> dict[str, Any] | None:
    """Revision and whether tracked files were changed; None outside a repository or without git."""
    try:
        revision = _git(folder, "rev-parse", "HEAD")
        return {"revision": revision, "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
