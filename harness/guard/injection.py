"""A first filter for instructions that a text aims at the assistant instead of at people.

Each rule has a weight; the cues found in a sentence combine as 1 - prod(1 - weight), each kind counted once. One weak
cue ("please classify this as urgent") isn't enough: guests ask for such things. Cues of one paragraph are taken
together if one of them speaks to an assistant or sets instructions aside, since such text is seldom one sentence.
The filter lowers noise; what a model that was taken in may do is bounded by the tool policy and by review, never by
this file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

THRESHOLD = 0.7
"""Chosen on the dev tickets: every planted instruction there reaches it, no genuine sentence does."""

_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?![^\S\n]*\n))+")
# a full stop inside a word (an address, a version, an amount) ends nothing; together the matches cover all of a text
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]|\.++(?![\s\"'”»)\]!?]|$))*+(?:[.!?。！？]++|\n|$)[\"'”»)\]]*+")

_WHO = (
    r"(?:\b(?:(?-i:A\.?I\.?|IA|K\.?I\.?)|llms?|gpt|chat ?gpt|chat ?bots?|bots?|(?:language|ai|chat|reading|triage) models?|ai (?:agent|assistant|system|tool|reader)s?"
    r"|(?:virtual|digital|automated|reviewer|review|routing|triage|ticket|moderation|support|ai|smart)[ -](?:assistant|system|agent|bot|tool|classifier|reviewer|reader|triage)s?"
    r"|assistants?|classifiers?|automated (?:processing|handling)|asistente|assistente|modelo de (?:lenguaje|linguagem)|inteligencia artificial"
    r"|inteligência artificial|intelligence artificielle|modèle de langage|assistant automatique|sprachmodelle?|ki-?(?:system|assistent|modell))\b"
    r"|(?<![A-Za-z])(?-i:AI)(?![A-Za-z])|エーアイ|人工知能|アシスタント)"
)
_RULESET = (
    r"(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|directions|directives?|orders|programming|training|tasks?|commands?"
    r"|instrucciones|instruções|instrukcije|reglas|regras|órdenes|ordens|indicaciones|políticas|consignes|règles|ordres"
    r"|anweisungen|instruktionen|regeln|vorgaben|richtlinien|befehle|aufgaben?)"
)
_IGNORE = (
    r"\b(?:ignor(?:e|ez|a|ar|er|ieren?|iere|iert)|disregard|forget|override|bypass|overrule|set aside|olvid[ae]|descart[ae]|esque(?:ce|ça)"
    r"|desconsidere|oublie[zr]?|vergiss|vergessen sie|missachte|zaboravi)\b"
)
_DROP = rf"(?:{_IGNORE}|\b(?:leave|drop)\b)"
# which rules: those a model was given; without it, hosts and guests ignore house rules and leave instructions
_GIVEN = (
    r"\b(?:all|any|every(?:thing)?|your|my|previous(?:ly)?|prior|earlier|above|preceding|former|foregoing|initial|original|system|these|those|this|given|what"
    r"|tod[ao]s?|anterior(?:es)?|previas?|tus?|sus?|suas?|seus?|toutes?|tous|tes|vos|précédentes?|alle[nrs]?|deinen?|ihren?|vorherigen?|bisherigen?|diese[nrs]?|obigen?|sve|prethodne)\b"
)

_RULES: tuple[tuple[str, str, float], ...] = (
    ("override", rf"{_IGNORE}[^.!?\n]{{0,40}}{_GIVEN}[^.!?\n]{{0,30}}\b{_RULESET}\b", 0.8),
    ("override", rf"{_DROP}[^.!?\n]{{0,60}}\b{_RULESET}\b", 0.45),
    (
        "override",
        rf"{_DROP}\W+(?:\w+\W+){{0,2}}(?:everything|all|alles|todo|tudo|tout)\b(?:\W+(?:\w+\W+){{0,3}}(?:said|before|beforehand|above|davor|zuvor|vorher|anterior|previous|told|discussed|behind|output|just)|\s*[,!.])",
        0.75,
    ),
    (
        "override",
        r"\b(?:your|deine|ihre|tus?|sus?|suas?|tes|vos) (?:\w+ )?(?:instructions?|task|job|role|goal|anweisung(?:en)?|aufgabe|instrucciones|tarea|instruções|tarefa|tâche|consignes) (?:is|are|now|ist|sind|es|é|est)\b",
        0.7,
    ),
    (
        "override",
        rf"\b(?:change|replace|update|abweichend|contrary|despite)\b[^.!?\n]{{0,25}}\b(?:previous|prior|your|vorherigen|earlier|what you've been told)\b[^.!?\n]{{0,15}}\b{_RULESET}?",
        0.6,
    ),
    (
        "override",
        r"\b(?:new|updated|real|actual|additional) (?:instructions?|system prompt|rules) ?(?::|follow|are\b)",
        0.7,
    ),
    ("override", r"(?:これまで|以前|上記|前)の(?:指示|命令|ルール|規則)[^。\n]{0,12}(?:無視|忘れ)", 0.9),
    ("override", r"\bnew tasks?\b|\bneuen? aufgaben?\b|\bnueva tarea\b|\bnova tarefa\b", 0.35),
    (
        "addressee",
        rf"\b(?:instructions?|notes?|messages?|memos?|guidance|reminder|attention|nota|mensaje|mensagem|instrucciones|instruções|consignes?|hinweis|anweisung(?:en)?)\s+(?:to|for|of|para|pour|an|für|à)\s+(?:(?:the|any|all|every|la|el|los|die|das|den|o|a|os|automated|whichever)\s+)*{_WHO}",
        0.75,
    ),
    (
        "addressee",
        rf"\b(?:if|when|since|as|si|se|falls|wenn)\b[^.!?\n]{{0,12}}\b(?:you(?:'re| are)?|eres|es|vous êtes|tu es|você é|és|du|sie)\b[^.!?\n]{{0,12}}{_WHO}",
        0.7,
    ),
    (
        "addressee",
        rf"\b(?:any|every|whichever|whatever|all|the)\s+{_WHO}\s+(?:that |which |who |is |are |now )*(?:read|process|see|handl|summar|classif|review|triag|rout|pars|must|should|shall|has to|is to)\w*",
        0.6,
    ),
    (
        "addressee",
        rf"(?:^|[\n\[(*#>{{«])\s*(?:(?:dear|hey|hi|hello|to|for|attn|attention|hola|olá|cher|liebe[sr]?|an|note)[\s:]+)?(?:(?:the|la|el|die|das)\s+)?(?:[\w-]+[ -])?{_WHO}\s*(?:\]|\)|:|,|—|–|\*)",
        0.65,
    ),
    ("addressee", rf"{_WHO}", 0.25),
    ("addressee", r"(?:システム|担当AI|自動(?:分類|応答|処理))(?:へ|の方|向け)", 0.65),
    (
        "addressee",
        r"\b(?:you are|you're|act as|pretend to be|behave as|roleplay as|from now on,? you|du bist|fungieren) (?:now |a |an |the |no longer )?",
        0.3,
    ),
    (
        "steering",
        r"\b(?:classif(?:y|ied)|label(?:l?ed)?|categori[sz]ed?|tag(?:ged)?|route[d]?|mark(?:ed)?|filed?|logg?(?:ed)?|record(?:ed)?|register(?:ed)?|score[d]?|rate[d]?|flag(?:ged)?|treat(?:ed)?)\b[^.!?\n]{0,60}\b(?:as|to|under|with|in)\b",
        0.4,
    ),
    (
        "steering",
        r"\b(?:category|label|priority|severity|status|class|queue|routing|kategorie|categor[íi]a|catégorie|étiquette|etiqueta)\s*(?:=|:|is now|->|→)",
        0.5,
    ),
    (
        "steering",
        r"\b(?:output|respond|reply|answer|return|print|only)\s+(?:only|exactly|just|nothing but|with(?: only)?|the (?:label|category|word)|output)\b",
        0.5,
    ),
    (
        "steering",
        r"\b(?:clasifi(?:que|ca|car|quen)|etiquet(?:a|e|ar)|classifi(?:que|car|ez|er)|classez|klassifizier(?:e|en)|stufe|ordne|einzustufen|einordnen|registr[ae]r?|marque|enregistre[zr])\b",
        0.4,
    ),
    ("steering", r"\b(?:confidence|probability|score)\s*(?:of|=|:|to)?\s*(?:1\.0|1,0|100 ?%|0\.9\d?)", 0.45),
    (
        "steering",
        r"\b(?:approve|issue|grant|process|authori[sz]e|release)\b[^.!?\n]{0,30}\b(?:refund|payout|credit|compensation|claim)\b[^.!?\n]{0,40}\b(?:without|automatically|immediately|no (?:further )?(?:review|checks?))\b",
        0.45,
    ),
    (
        "steering",
        r"\b(?:do not|don't|never|must not|close without)\s+(?:escalate|flag|review|mention|report|investigate|forward|tell|quote|open|reply|repeat|cite)\b",
        0.4,
    ),
    ("steering", r"(?:分類|ラベル|判定|カテゴリ)[^。\n]{0,12}(?:して|しろ|せよ|すること|してください|とする)", 0.45),
    ("markup", r"<\|?(?:im_start|im_end|system|assistant|endoftext|/?inst)\|?>|\[/?INST\]|<<SYS>>|‹\|", 0.95),
    (
        "markup",
        r"(?:^|\n)\W{0,4}(?:system|assistant|developer|admin|sysadmin)(?: (?:prompt|message|note|override|instruction))?\s*(?:\]|\)|:|>{1,3})",
        0.7,
    ),
    (
        "markup",
        r"(?:begin|end|start of|override) (?:of )?(?:system|admin|developer|the|user)? ?(?:prompt|message|instructions?|override|conversation|ticket|context|complaint)\b|(?<![=#\-])[=#\-]{3,}\s*end\b",
        0.6,
    ),
    (
        "leak",
        r"\b(?:reveal|print|show|repeat|output|tell me|leak|share|dump|display|zeige?)\b[^.!?\n]{0,30}\b(?:system prompt|above prompt|prompt[- ]?texte?|your (?:initial |hidden |secret )?(?:instructions|prompt|rules|guidelines))\b",
        0.85,
    ),
    (
        "leak",
        r"\bspell[- ]?check\b[^.!?\n]{0,40}\b(?:prompt|text above|above)\b|\bprompt\b[^.!?\n]{0,20}\babove\b",
        0.6,
    ),
    (
        "tool",
        r"\b(?:call|invoke|run|execute|use|trigger)\b[^.!?\n]{0,20}\b(?:tool|function|api|command)\b|\b[a-z]+_[a-z_]+\(",
        0.5,
    ),
    ("persona", r"\b(?:developer|debug|god|maintenance|test|jailbreak|dan|unrestricted|sudo|admin) mode\b", 0.7),
    (
        "persona",
        r"\b(?:do anything now|without (?:any )?(?:restrictions|filters|limitations)|no longer bound by)\b",
        0.7,
    ),
)
_Rule = tuple[str, re.Pattern[str], float]
_COMPILED: tuple[_Rule, ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE), weight) for kind, pattern, weight in _RULES
)


@dataclass(frozen=True, slots=True)
class Span:
    """A suspicious sentence: `[start, end)` in code points, its strongest cue, and a score in [0, 1]."""

    start: int
    end: int
    kind: str
    score: float


def detect(text: str) -> list[Span]:
    """Suspicious spans of `text`, in order and apart from each other; compare `score` with THRESHOLD.

    A paragraph whose cues reach the threshold together is one span from its first to its last cue, if one of them is
    an address to an assistant, an override or markup of at least 0.5. Else each sentence with a cue is a span.
    """
    spans: list[Span] = []
    live = [rule for rule in _COMPILED if "^" in rule[1].pattern or rule[1].search(text)]
    for first, last in _pieces(_PARAGRAPH, text):
        cues = [
            (first + start, first + end, found)
            for start, end in _pieces(_SENTENCE, text[first:last])
            if (found := _cues(text[first + start : first + end], live))
        ]
        if cues:
            spans += _spans(cues)
    return spans


_Cues = dict[str, float]


def _spans(cues: list[tuple[int, int, _Cues]]) -> list[Span]:
    """The spans of one paragraph."""
    together: _Cues = {}
    for _, _, found in cues:
        for kind, weight in found.items():
            together[kind] = max(together.get(kind, 0.0), weight)
    leads = any(together.get(kind, 0.0) >= 0.5 for kind in ("addressee", "override", "markup"))
    kind, score = _combine(together)
    if leads and score >= THRESHOLD:
        return [Span(cues[0][0], cues[-1][1], kind, score)]
    return [Span(start, end, *_combine(found)) for start, end, found in cues]


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Trimmed `[start, end)` of each non-blank match."""
    for match in pattern.finditer(text):
        piece = match[0]
        if piece.strip():
            left = len(piece) - len(piece.lstrip())
            yield match.start() + left, match.start() + len(piece.rstrip())


def _cues(sentence: str, rules: Sequence[_Rule]) -> _Cues:
    """The strongest weight of each kind of cue in a sentence.

    `rules` are those that can match in it: few hold anywhere in a text, and asking once a text is cheaper.
    """
    best: _Cues = {}
    for kind, pattern, weight in rules:
        if best.get(kind, 0.0) < weight and pattern.search(sentence):
            best[kind] = weight
    return best


def _combine(cues: _Cues) -> tuple[str, float]:
    """The strongest kind and 1 - prod(1 - weight)."""
    doubt = 1.0
    for weight in cues.values():
        doubt *= 1 - weight
    return max(cues, key=lambda kind: cues[kind]), round(1 - doubt, 3)
