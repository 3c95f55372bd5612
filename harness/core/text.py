"""Text that every file, request and screen can hold."""

import re

_UNHOLDABLE = re.compile("[\ud800-\udfff\0]")


def holdable(text: str) -> str:
    """`text` with lone surrogates and NUL, which an escape in JSON can smuggle in, as U+FFFD each."""
    return _UNHOLDABLE.sub("\ufffd", text)
