"""Take out of a text what a reader can't see but a model can: controls, invisible and direction-changing characters."""

import re
import unicodedata

MAX_CHARS = 20_000
"""Longer untrusted fields are cut, with a visible mark."""

_CUT_MARK = " […cut]"
# Unicode's default-ignorable characters (zero-width marks, fillers, bidirectional controls, tag characters, variation
# selectors) and annotation marks: text can be smuggled in them. Emoji need U+200D, U+FE0E and U+FE0F.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Unicode categories Cc (but newline and tab), Cs and Co
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]")
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitize(text: str, *, max_chars: int = MAX_CHARS) -> str:
    """`text` in NFC without controls (but newline and tab), invisible characters and lone surrogates.

    The zero-width joiner U+200D stays, since emoji and several scripts need it. Applying it twice changes nothing.
    """
    kept = _INVISIBLE.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    kept = _CONTROL.sub("", kept)
    kept = _BLANK_LINES.sub("\n\n", unicodedata.normalize("NFC", kept)).strip()
    if len(kept) > max_chars:
        kept = kept[: max_chars - len(_CUT_MARK)].rstrip() + _CUT_MARK
    return kept
