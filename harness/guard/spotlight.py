"""Mark untrusted text so that a model can tell it from instructions (Hines et al. 2024, delimiting)."""

import hashlib
import re
from dataclasses import dataclass

_MARKUP = str.maketrans({"<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True)
class Spotlight:
    """Fences text with a tag that its writer can't foresee: the tag is a hash of the very text it fences."""

    nonce: str

    @classmethod
    def for_case(cls, *parts: str) -> "Spotlight":
        """A fence whose tag is derived from `parts`; equal parts, equal prompt, so that runs can be repeated."""
        digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
        return cls(nonce=digest[:10])

    def fence(self, field: str, text: str) -> str:
        """`text` between marks that name its field; angle brackets inside become ‹ ›, so that it can't close them."""
        return f'<untrusted-{self.nonce} field="{_attribute(field)}">\n{neutralize(text)}\n</untrusted-{self.nonce}>'


def neutralize(text: str) -> str:
    """`text` with angle brackets replaced by ‹ ›: it can neither open nor close a tag of the prompt."""
    return text.translate(_MARKUP)


def _attribute(text: str) -> str:
    return re.sub(r"[^\w.\-@#:]", "_", text)
