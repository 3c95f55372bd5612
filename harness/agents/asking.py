"""Where label probabilities come from: the answer's own figures, the tokens of its label, or repeated draws."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

from harness.agents.answer import Answer
from harness.agents.conversation import Conversation, Mark, Said
from harness.agents.tools import CaseContext
from harness.core.errors import UsageError
from harness.core.taxonomy import Taxonomy
from harness.models.logprobs import label_probabilities

Source = Literal["verbalised", "logprobs", "trials"]


class Asker:
    """Holds conversations and gives their answers the probabilities that the suite asks for."""

    def __init__(
        self, conversation: Conversation, *, taxonomy: Taxonomy, source: Source = "verbalised", draws: int = 5
    ) -> None:
        self._conversation, self._taxonomy, self._source, self._draws = conversation, taxonomy, source, draws

    async def ask(self, prompt: Sequence[tuple[str, str]], context: CaseContext, mark: Mark) -> Said:
        """One answer. With `trials` it is the label most draws agree on, and the share of each label."""
        if self._source == "trials":
            return await self._draw(prompt, context, mark)
        said = await self._conversation.hold(prompt, context, mark)
        if self._source == "verbalised" or said.answer is None:
            return said
        tokens = said.reply.logprobs if said.reply is not None else None
        if not tokens:
            fix = "set `calls: {probabilities: verbalised}` or `trials`"
            raise UsageError("the model's reply has no log-probabilities", where="--model", fix=fix)
        found = label_probabilities(tokens, self._taxonomy.ids)
        return replace(said, answer=replace(said.answer, probabilities=found))

    async def _draw(self, prompt: Sequence[tuple[str, str]], context: CaseContext, mark: Mark) -> Said:
        """All draws at once; the rationale is that of the first draw with the winning label."""
        contexts = [replace(context, found=list(context.found)) for _ in range(self._draws)]
        drawn = await _all(
            self._conversation.hold(prompt, own, replace(mark, draw=draw)) for draw, own in enumerate(contexts)
        )
        records = tuple(record for said in drawn for record in said.records)
        answers = [said.answer for said in drawn if said.answer is not None]
        if not answers:
            return replace(drawn[0], records=records)
        counts = Counter(answer.label for answer in answers)
        most = max(counts.values())
        label = next(answer.label for answer in answers if counts[answer.label] == most)
        chosen, own = next(
            (said, own)
            for said, own in zip(drawn, contexts, strict=True)
            if said.answer is not None and said.answer.label == label
        )
        context.found[:] = own.found
        shares = {name: counts[name] / len(answers) for name in self._taxonomy.ids}
        assert chosen.answer is not None
        return replace(chosen, answer=Answer(label, shares, chosen.answer.rationale), records=records)


async def _all(held: Iterable[Coroutine[Any, Any, Said]]) -> list[Said]:
    """What came of each conversation; where one fails, the others are ended: nobody would read their answers."""
    tasks = [asyncio.ensure_future(one) for one in held]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
