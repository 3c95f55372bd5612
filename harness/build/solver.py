"""A plan's solver, with the index, the embedder and the model it needs; heavy libraries are loaded here."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.build.functions import import_function
from harness.build.plan import BASELINE, PARTS, Plan
from harness.core.protocols import Solver
from harness.core.telemetry import switch_off
from harness.evaluation.solvers import CommandSolverSpec, HttpSolverSpec, SolverSpec

if TYPE_CHECKING:
    from harness.embeddings import Embedder
    from harness.models.gateway import Gateway, Memory
    from harness.models.settings import Way
    from harness.retrieval import Index, Retriever

_READS_WITH = "minilm"
"""The reader's own embedder, whatever a suite retrieves with: it is part of the model."""


def default_home() -> Path:
    """Where indexes and vector caches live: $HARNESS_HOME, else `.harness` in the working folder."""
    return Path(os.environ.get("HARNESS_HOME") or ".harness")


@dataclass(frozen=True, slots=True)
class Live:
    """A solver that is ready, and the gateway to its model, if it has one. Close it in the loop that used it."""

    solver: Solver
    gateway: "Gateway | None" = None
    index: "Index | None" = None

    async def aclose(self) -> None:
        """Let go of connections, processes and files."""
        if self.index is not None:
            self.index.tidy()
        close = getattr(self.solver, "aclose", None)
        if close is not None:
            await close()
        if self.gateway is not None:
            await self.gateway.aclose()


def bring_up(plan: Plan, *, home: Path) -> Live:
    """The solver that the suite names, with what it needs."""
    solving = plan.suite.solving
    folder, where = plan.suite.path.parent, str(plan.suite.path)
    if not isinstance(solving, str):
        return Live(_elsewhere(solving, folder=folder, where=where))
    if solving.startswith(BASELINE):
        return Live(build_baseline(plan, solving.removeprefix(BASELINE)))
    if solving == "triage":
        return _triage(plan, home=home)
    if solving in PARTS:
        return _part(plan, solving, home=home)
    from harness.agents.function import FunctionSolver

    return Live(FunctionSolver(import_function(solving, folder=folder, where=where), name=solving))


def _elsewhere(spec: SolverSpec, *, folder: Path, where: str) -> Solver:
    """A solver that isn't ours: an endpoint, a command, or a file of its answers."""
    if isinstance(spec, HttpSolverSpec):
        from harness.agents.http import HttpSolver

        return HttpSolver(
            spec.http, headers=spec.headers, timeout=spec.timeout, max_retries=spec.max_retries, where=where
        )
    if isinstance(spec, CommandSolverSpec):
        from harness.agents.command import CommandSolver

        cwd = folder / spec.cwd if spec.cwd else folder
        return CommandSolver(spec.command, cwd=cwd, timeout=spec.timeout, where=where)
    from harness.agents.predictions import PredictionsSolver

    return PredictionsSolver(folder / spec.predictions, name=spec.name)


def build_solver(plan: Plan, *, home: Path) -> Solver:
    """The solver alone, as from `bring_up`."""
    return bring_up(plan, home=home).solver


def _part(plan: Plan, name: str, *, home: Path) -> Live:
    """The retriever, or the verifier of claims, alone."""
    from harness.agents.lookup import SearchSolver, VerifySolver

    if name == "verify":
        return Live(VerifySolver(plan.corpus))
    switch_off(os.environ)
    index = build_index(plan, home=home)
    return Live(SearchSolver(build_retriever(plan, index)), index=index)


def build_baseline(plan: Plan, name: str) -> Solver:
    """A baseline by its name."""
    from harness.agents.baselines import BASELINES, Known

    assert plan.taxonomy is not None
    known = Known(plan.seen_labels, [incident for incident, _ in plan.corpus.incidents])
    return BASELINES[name](plan.taxonomy, plan.suite.input, known)


def build_index(plan: Plan, *, home: Path, rebuild: bool = False) -> "Index":
    """The plan's index, built where it isn't there yet."""
    from harness.build.embedders import embedder_of
    from harness.retrieval import open_index

    settings, path = plan.suite.retrieval, plan.suite.path
    embedder = embedder_of(settings, folder=path.parent, where=str(path), cache_dir=home / "vectors")
    return open_index(plan.corpus, embedder=embedder, home=home, rebuild=rebuild, chroma_url=settings.chroma)


def check_built(plan: Plan, *, home: Path) -> list[str]:
    """What is wrong with the plan's index; nothing where it is whole."""
    from harness.build.embedders import embedder_of
    from harness.retrieval import check_index

    settings, path = plan.suite.retrieval, plan.suite.path
    embedder = embedder_of(settings, folder=path.parent, where=str(path), cache_dir=home / "vectors")
    return check_index(plan.corpus, embedder=embedder, home=home, chroma_url=settings.chroma)


def build_retriever(plan: Plan, index: "Index") -> "Retriever":
    """A retriever over the plan's index, with the suite's settings."""
    from harness.retrieval import Retriever

    settings = plan.suite.retrieval
    return Retriever(index, plan.corpus, mode=settings.mode, region=settings.region, precedents=settings.precedents)


def _triage(plan: Plan, *, home: Path) -> Live:
    switch_off(os.environ)
    from harness.agents.asking import Asker
    from harness.agents.conversation import Conversation
    from harness.agents.triage import Depth, TriageAgent
    from harness.embeddings import load_embedder
    from harness.models.chat import GatewayChat
    from harness.models.settings import FORMS

    assert plan.taxonomy is not None and plan.prompt is not None and plan.spec is not None
    settings, calls = plan.suite.retrieval, plan.suite.calls
    searched = [depth for depth in (settings.policies, settings.incidents) if depth != "all"]
    wanted = any(searched) and (plan.corpus.policies or plan.corpus.incidents)
    index = build_index(plan, home=home) if wanted else None
    retriever = build_retriever(plan, index) if index is not None else None

    @cache
    def embedder() -> "Embedder":
        if index is not None and index.embedder is not None and settings.embeddings == _READS_WITH:
            return index.embedder
        return load_embedder(_READS_WITH, cache_dir=home / "vectors")

    gateway, recorded = build_gateway(plan, home=home, embedder=embedder)
    forms = FORMS if calls.structured == "auto" else (calls.structured,)
    if calls.structured == "auto" and recorded is not None:
        forms = (recorded.form,)  # the only one that the cassette can answer
    elif calls.probabilities == "logprobs":
        forms = tuple(form for form in forms if form != "tool")
    conversation = Conversation(
        model=GatewayChat(gateway=gateway),
        taxonomy=plan.taxonomy,
        forms=forms,
        tools=calls.tools and (recorded is None or recorded.tools),
    )
    agent = TriageAgent(
        asker=Asker(conversation, taxonomy=plan.taxonomy, source=calls.probabilities, draws=calls.draws),
        prompt=plan.prompt,
        taxonomy=plan.taxonomy,
        corpus=plan.corpus,
        retriever=retriever,
        depth=Depth(
            settings.policies,
            settings.incidents,
            as_of=settings.as_of is not None,
            frozen=None if settings.as_of == "created_at" else settings.as_of,
        ),
        kind=plan.suite.input,
    )
    return Live(agent, gateway, index)


def build_gateway(plan: Plan, *, home: Path, embedder: "Callable[[], Embedder]") -> "tuple[Gateway, Way | None]":
    """The gateway to the plan's model, and the way in which a replayed cassette was asked for its answers."""
    from harness.models import Supplies, load_model

    assert plan.spec is not None
    key = {sample.id: sample.target for sample in plan.eval_set.samples}
    supplies = Supplies(embedder=embedder, key=key.get, folder=plan.suite.path.parent, where=str(plan.suite.path))
    memories: list[Memory] = []
    if plan.record is not None or plan.cache:
        from harness.models.recording import Cache, Cassette
        from harness.models.replay import Cached, Recorder

        if plan.record is not None:
            memories.append(Recorder(Cassette.open(plan.record, mode="filling" if plan.fill else "record")))
        if plan.cache:
            memories.append(Cached(Cache(home / "calls")))
    gateway, recorded = load_model(
        plan.spec,
        calls=plan.suite.calls,
        parameters=plan.suite.model_parameters,
        supplies=supplies,
        memories=tuple(memories),
    )
    return gateway, recorded
