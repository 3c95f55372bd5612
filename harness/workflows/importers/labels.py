"""Names of labels from outside as ids that every file and prompt can hold, and as titles."""

import hashlib
import re
import unicodedata

from harness.core.errors import UsageError

_LONGEST = 80
_DIGITS = 8
_OTHER = re.compile(r"[^a-z0-9]+")


def label_id(name: str) -> str:
    """An id of a-z, 0-9 and `_`, at most 80 long: the name without accents, in lower case.

    Where letters of other scripts or the end of a long name are lost, a hash of the name stands for them.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).lower()
    found = _OTHER.sub("_", plain).strip("_")
    lost = any(c.isalnum() and not c.isascii() for c in plain)
    if lost or not found or len(found) > _LONGEST:
        mark = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
        found = "_".join(part for part in (found[: _LONGEST - _DIGITS - 1].strip("_") or "label", mark))
    return found


def label_title(name: str) -> str:
    """The name as people would write it: spaces for underscores, a capital in front."""
    spaced = " ".join("".join(c if c.isprintable() else " " for c in name.replace("_", " ")).split()) or name
    return spaced[:1].upper() + spaced[1:]


class LabelIds:
    """The id of each name; two names that would get one id are a UsageError where the second stands."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, tuple[str, str]] = {}

    def of(self, name: str, *, at: str) -> str:
        """The id of `name`, which stands at `at` (file:line)."""
        known = self._ids.get(name)
        if known is not None:
            return known
        made = label_id(name)
        other, place = self._names.setdefault(made, (name, at))
        if other != name:
            what = f"the labels {name!r} here and {other!r} at {place} would both get the id {made!r}"
            raise UsageError(what, where=at, fix="rename one of them")
        self._ids[name] = made
        return made

    def names(self) -> dict[str, str]:
        """Name of each id, by id in order."""
        return {made: name for made, (name, _) in sorted(self._names.items())}
