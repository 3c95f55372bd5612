"""A simulated model with known flaws, as an Engine. It gets the answer key by a channel of its own, never by the prompt."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import NormalDist
from threading import Lock
from typing import Any, NamedTuple

from harness.core.hashing import content_hash
from harness.core.types import Target
from harness.models.calls import Call, Reply
from harness.models.faults import Fault
from harness.models.improvise import improvise
from harness.models.personas.claims import make_rationale
from harness.models.personas.confidence import believe, lowest, report
from harness.models.personas.dice import Dice
from harness.models.personas.features import Turns, clipped, fenced, shift, without_repairs
from harness.models.personas.injection import Order, find_order
from harness.models.personas.misuse import misuse
from harness.models.personas.reply import counted, spoiled, write_reply
from harness.models.personas.spec import PersonaSpec
from harness.models.reader import answer_tool, next_step, wants_label
from harness.models.reading import Reading, read

OBEDIENT = 0.97
"""Confidence of an answer that an instruction in the ticket asked for."""
_PENDING = 4096
"""Failed calls that are remembered, so that a retry draws anew."""


class _Chosen(NamedTuple):
    """The label that is given, how sure the persona is of it, and what is wrong with it."""

    label: str
    confidence: float
    planted: tuple[str, ...] = ()


class Persona:
    """Answers as `spec` says: `key` gives a sample's target by its id, None where it has none.

    Every draw comes from the persona's name and seed, the sample, trial, draw and purpose: a run is the same in any
    order and at any concurrency, and a prompt moves the odds, not the draws. Only faults depend on what went before:
    after n faults for one call in a row, the next asking is draw n.
    """

    def __init__(self, spec: PersonaSpec, *, key: Callable[[str], Target | None]) -> None:
        self.spec, self._key = spec, key
        self.name = f"persona:{spec.name}"
        self._failed: OrderedDict[tuple[str, int, int, int], int] = OrderedDict()
        self._lock = Lock()

    def answer(self, call: Call) -> Reply:
        """The reply to one call; raises Fault."""
        turns = call.turns()
        kept, repairs = without_repairs(turns)
        reading = read(kept)
        subject = call.sample or content_hash([text for _, text in reading.texts])
        dice = Dice(("persona", self.spec.name, self.spec.seed, subject, call.trial, call.draw))
        round_ = sum(role == "ai" for role, _ in turns)
        other_model = self._meet_fault(call, turns, dice=dice, purpose=f"fault:{round_}")
        reply = self._reply(call, kept, reading, dice=dice, repairs=repairs)
        reply = counted(reply, characters=sum(len(text) for _, text in turns), factor=self.spec.tokens.output_factor)
        return replace(
            reply,
            simulated=True,
            model="another-model" if other_model else self.name,
            planted=(*reply.planted, "wrong_model") if other_model else reply.planted,
            delay_ms=self._delay(dice, f"latency:{round_}"),
        )

    def _reply(self, call: Call, turns: Turns, reading: Reading, *, dice: Dice, repairs: int) -> Reply:
        """A tool call, an answer, or a made-up one where no ticket is asked about; then its flaw of form."""
        tools = [tool["function"] for tool in call.tools] if call.tool_choice != "none" else []
        ticket = bool(reading.labels) and wants_label(call)
        first = all(role != "ai" for role, _ in turns)
        if ticket and first and tools and dice.happens("misuse", self.spec.tools.misuse):
            name, args = misuse(tools, reading, dice=dice)
            return replace(write_reply(call, name=name, args=args), planted=("tool_misuse",))
        step = next_step(reading, call, tools)
        if step is not None:
            return write_reply(call, name=step[0], args=step[1])
        reply = (
            self._decide(call, turns, reading, tools=tools, dice=dice) if ticket else improvise(call, name=self.name)
        )
        kind = dice.pick(f"format:{repairs}", self.spec.format.rates)
        return spoiled(reply, kind) if kind else reply

    def _decide(
        self, call: Call, turns: Turns, reading: Reading, *, tools: Sequence[dict[str, Any]], dice: Dice
    ) -> Reply:
        target = self._key(call.sample) if call.sample else None
        labels = sorted(reading.labels)
        shut = fenced(turns)
        # without fences the whole message is what a model might obey
        texts = [text for _, text in reading.texts] if shut else [text for role, text in turns if role == "human"]
        gold = target.label if target is not None else None
        order = self._order(texts, reading, fenced=shut, dice=dice)
        if order is not None:
            chosen = self._obey(order, labels, gold, dice=dice)
        else:
            chosen = self._choose(labels, reading, target, dice=dice)
        probabilities = report(list(reading.labels), chosen.label, chosen.confidence, bent=self.spec.confidence)
        made = make_rationale(self.spec, reading, target=target, label=chosen.label, fenced=shut, dice=dice)
        args = {
            "label": chosen.label,
            "probabilities": probabilities,
            "rationale": [{"text": claim.text, "citations": list(claim.citations)} for claim in made.claims],
        }
        reply = write_reply(call, name=answer_tool(tools), args=args, probabilities=probabilities)
        return replace(reply, planted=(*chosen.planted, *self._bent(), *made.planted))

    def _choose(self, labels: Sequence[str], reading: Reading, target: Target | None, *, dice: Dice) -> _Chosen:
        """The right label or another one. Where no label is right or the right one isn't known: any, hardly surer than chance."""
        gold = target.label if target is not None else None
        if target is None or gold not in reading.labels or gold is None:
            planted = ("no_answer_key",) if target is None else ("gold_not_offered",) if gold is not None else ()
            return _Chosen(dice.choose("blind", labels), lowest(len(labels)), planted)
        row = self.spec.confusion.get(gold)
        accuracy = clipped((self.spec.accuracy if row is None else row.get(gold, 0.0)) + shift(self.spec, reading))
        belief = believe(
            accuracy, spread=self.spec.confidence.spread, labels=len(labels), draw=dice.uniform("confidence")
        )
        others = [label for label in labels if label != gold]
        if not others or dice.uniform("right") < belief.right:
            return _Chosen(gold, belief.confidence)
        if row is not None:
            wrong = dice.weighted("wrong", {label: row.get(label, 0.0) for label in others})
        else:
            # what experts accept too would count as right
            wrong = dice.choose("wrong", [label for label in others if label not in target.acceptable] or others)
        return _Chosen(wrong, belief.confidence, ("wrong_label",))

    def _order(self, texts: Sequence[str], reading: Reading, *, fenced: bool, dice: Dice) -> Order | None:
        """The instruction in the ticket that is to be obeyed, if any."""
        rate = clipped(self.spec.injection.obedience - (self.spec.sensitivity.spotlighting if fenced else 0.0))
        return find_order(texts, reading.labels) if dice.happens("obedience", rate) else None

    def _obey(self, order: Order, labels: Sequence[str], gold: str | None, *, dice: Dice) -> _Chosen:
        """The label that is asked for; a wrong one where none is named."""
        label = order.label or dice.choose("obeyed", [name for name in labels if name != gold] or labels)
        return _Chosen(label, max(OBEDIENT, lowest(len(labels))), ("obeyed_injection",))

    def _bent(self) -> tuple[str, ...]:
        bent = self.spec.confidence
        if bent.constant is not None:
            return ("constant_confidence",)
        return ("overconfident",) if bent.temperature < 1 else ("underconfident",) if bent.temperature > 1 else ()

    def _meet_fault(self, call: Call, turns: Turns, *, dice: Dice, purpose: str) -> bool:
        """Raise the fault that is drawn for this asking; True where another model is to answer."""
        if not any(self.spec.faults.values()):
            return False
        asked = (call.sample, call.trial, call.draw, hash(tuple(turns)))
        with self._lock:
            before = self._failed.get(asked, 0)
            name = dice.pick(f"{purpose}:{before}", self.spec.faults)
            if name is None or name == "wrong_model":
                self._failed.pop(asked, None)
                return name is not None
            self._failed[asked] = before + 1
            self._failed.move_to_end(asked)
            if len(self._failed) > _PENDING:
                self._failed.popitem(last=False)
        raise Fault(name, retry_after=self.spec.retry_after)

    def _delay(self, dice: Dice, purpose: str) -> float:
        """Milliseconds to wait: log-normal."""
        time = self.spec.latency_ms
        if not time.median:
            return 0.0
        return round(time.median * math.exp(time.sigma * NormalDist().inv_cdf(dice.uniform(purpose))), 3)
