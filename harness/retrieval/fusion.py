"""One order out of several: .3 of the BM25 score as a share of the query's best one, .7 of the cosine, .5 of the votes.

nDCG@10 on orsharc dev (706 questions with scenario, 651 rules, 50 candidates each way): dense .783, BM25 .800;
reciprocal ranks (k 60) .824, z-scores .5/.5 .838 (.7 lexical .822), min-max .5/.5 .837; this .840 (.2 lexical .838,
.4 .827). It also needs no other candidates to make sense of one, and its scores stay within [-.7, 1.5].

Votes are of precedents: the clauses that the ten closest past cases were decided under. People seldom tell what happened in
the words of a rule, and cases tell it in theirs. nDCG@10 of clauses on the dev tickets of eval_sets/triage: without
votes .179 (152 tickets as queries) and .919 (256 claims of their rationales, which are close to the wording of a clause);
with .5 of them .286 and .905, with 1.0 .367 and .860. Both halves of the tickets agree. Half a vote is the largest share
tried that costs a query in a clause's own words less than .02.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.retrieval.shelf import Hit

LEXICAL_SHARE = 0.3
VOTES_SHARE = 0.5
VOTERS = 10
_TEMPERATURE = 0.1


def fuse(dense: Sequence[Hit], lexical: Sequence[Hit], votes: Mapping[int, float] | None = None) -> list[Hit]:
    """Every passage of any of them with its fused score, best first, equal ones by number.

    One without a cosine gets the lowest of the list; one without words or votes, no share for these. Only positive BM25
    scores count.
    """
    cosines, votes = dict(dense), votes or {}
    words = {number: score for number, score in lexical if score > 0}
    floor = min(cosines.values(), default=0.0)
    best = max(words.values(), default=1.0)
    fused = [
        (
            number,
            LEXICAL_SHARE * words.get(number, 0.0) / best
            + (1 - LEXICAL_SHARE) * cosines.get(number, floor)
            + VOTES_SHARE * votes.get(number, 0.0),
        )
        for number in cosines.keys() | words.keys() | votes.keys()
    ]
    return sorted(fused, key=lambda hit: (-hit[1], hit[0]))


def weights(scores: Sequence[float]) -> list[float]:
    """What each voter counts for, by its fused score: a softmax at temperature .1, so that they add up to 1."""
    if not scores:
        return []
    raised = np.exp((np.array(scores) - max(scores)) / _TEMPERATURE)
    shares: list[float] = (raised / raised.sum()).tolist()
    return shares
