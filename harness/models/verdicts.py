"""Verdicts in the forms that graders ask for in prose, and read out of the answer's text."""

import re

from harness.models.material import Material

_SUPPORTED = 0.5
"""Support that a verdict of yes takes."""

_FORM = re.compile(r"\b([A-Z]{3,20}): ?\$LETTERS?\b")
_LETTERS = re.compile(r"\bLETTERS? is one (?:or more )?of ([A-Z](?:,? ?[A-Z])*)\b")
_EITHER = re.compile(r"\b(?:character|either) \"?(Y|YES)\"? or \"?(N|NO)\"?(?!\w)")


def verdict(text: str, material: Material) -> str | None:
    """The answer where `text` asks for one of a few letters, or for yes or no; None where it doesn't.

    `GRADE: $LETTER` is answered in that form, "Y" or "N" on a line of its own. With a text to judge in the material, it
    is the first option where that is supported, and the last one where it isn't; without, the first.
    """
    form, letters, either = _FORM.search(text), _LETTERS.search(text), _EITHER.search(text)
    if form and letters:
        options, before = re.findall("[A-Z]", letters[1]), f"{form[1]}: "
    elif either:
        options, before = [either[1], either[2]], ""
    else:
        return None
    if not material.data:
        return f"{before}{options[0]}"
    chosen = options[0] if material.support >= _SUPPORTED else options[-1]
    return f"Simulated: {material.support:.0%} of the words were found.\n{before}{chosen}"
