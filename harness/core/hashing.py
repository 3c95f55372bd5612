"""Content hashes and the seeds derived from them: equal content, equal number, on every machine."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, UTF-8 kept: one text for one value. NaN and infinities raise ValueError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, 64 hex digits.

    Lone surrogates, which UTF-8 can't carry, are hashed as their escapes.
    """
    return hashlib.sha256(canonical_json(value).encode("utf-8", "backslashreplace")).hexdigest()


def hash_files(paths: Iterable[Path], *, root: Path) -> str:
    """SHA-256 over names below `root` and contents of `paths`, in any order given."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix().encode()
        data = path.read_bytes()
        digest.update(b"%d:%s%d:" % (len(name), name, len(data)))
        digest.update(data)
    return digest.hexdigest()


def derive_seed(*parts: str | int) -> int:
    """A 64-bit seed from `parts`; what is drawn for one sample never depends on the order of the others."""
    return int.from_bytes(hashlib.sha256(canonical_json(parts).encode("utf-8", "backslashreplace")).digest()[:8], "big")


def generator(*parts: str | int) -> np.random.Generator:
    """A numpy generator seeded by `derive_seed(*parts)`."""
    return np.random.default_rng(derive_seed(*parts))
