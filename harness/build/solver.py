"""A plan's solver, with the index, the embedder and the model it needs; heavy libraries are loaded here."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.build.functions import import_function
from harness.build.plan import BASELINE, Plan
from harness.core.protocols import Solver

if TYPE_CHECKING:
    from harness.retrieval import Index

_READS_WITH = "minilm"
"""The reader's own embedder, whatever a suite retrieves with: it is part of the model."""


def default_home() -> Path:
    """Where indexes and vector caches live: $HARNESS_HOME, else `.harness` in the working folder."""
    return Path(os.environ.get("HARNESS_HOME") or ".harness")


def build_solver(plan: Plan, *, home: Path) -> Solver:
    """The solver that the suite names."""
    name = plan.suite.solver
    if name.startswith(BASELINE):
        return build_baseline(plan, name.removeprefix(BASELINE))
    if name == "triage":
        return _triage(plan, home=home)
    from harness.agents.function import FunctionSolver

    function = import_function(name, folder=plan.suite.path.parent, where=str(plan.suite.path))
    return FunctionSolver(function, name=name)


def build_baseline(plan: Plan, name: str) -> Solver:
    """A baseline by its name."""
    from harness.agents.baselines import BASELINES

    assert plan.taxonomy is not None
    return BASELINES[name](plan.taxonomy, plan.suite.input, plan.seen_labels)


def build_index(plan: Plan, *, home: Path, rebuild: bool = False) -> "Index":
    """The plan's index, built where it isn't there yet."""
    from harness.embeddings import load_embedder
    from harness.retrieval import open_index

    embedder = load_embedder(plan.suite.retrieval.embeddings, cache_dir=home / "vectors")
    return open_index(plan.corpus, embedder=embedder, home=home, rebuild=rebuild)


def _triage(plan: Plan, *, home: Path) -> Solver:
    _no_telemetry()
    from harness.agents.conversation import Conversation
    from harness.agents.triage import Depth, TriageAgent
    from harness.embeddings import load_embedder
    from harness.models import load_model
    from harness.retrieval import Retriever

    assert plan.taxonomy is not None and plan.prompt is not None and plan.spec is not None
    settings = plan.suite.retrieval
    wanted = settings.policies + settings.incidents > 0 and (plan.corpus.policies or plan.corpus.incidents)
    index = build_index(plan, home=home) if wanted else None
    retriever = Retriever(index, plan.corpus, mode=settings.mode) if index is not None else None
    if index is not None and settings.embeddings == _READS_WITH:
        embedder = index.embedder
    else:
        embedder = load_embedder(_READS_WITH, cache_dir=home / "vectors")
    model = load_model(plan.spec, embedder=embedder, parameters=plan.suite.model_parameters)
    return TriageAgent(
        conversation=Conversation(model=model, taxonomy=plan.taxonomy),
        prompt=plan.prompt,
        taxonomy=plan.taxonomy,
        corpus=plan.corpus,
        retriever=retriever,
        depth=Depth(settings.policies, settings.incidents, as_of=settings.as_of is not None),
        kind=plan.suite.input,
    )


def _no_telemetry() -> None:
    """Switch the tracing of LangChain and the telemetry of Chroma off unless the user switched it on."""
    for name, value in (
        ("LANGSMITH_TRACING", "false"),
        ("ANONYMIZED_TELEMETRY", "False"),
        ("RAGAS_DO_NOT_TRACK", "true"),
    ):
        os.environ.setdefault(name, value)
