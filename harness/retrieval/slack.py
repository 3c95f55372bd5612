"""What Chroma's vector files hold besides vectors: memory of the process as it happened to be, a key perhaps.

hnswlib writes its arrays as they were allocated: places for elements that aren't there, and for links that an element
doesn't have, hold whatever stood in that memory before. Nothing reads them; they are overwritten with zeros.
"""

import struct
from pathlib import Path

_HEADER = struct.Struct("<iQQQQQQ")
"""Version, offset of level 0, places, elements, bytes an element, offset of its label, offset of its vector."""
_COUNT = struct.Struct("<H")
_LINK = 4
_LENGTH = 4


def wipe_slack(folder: Path) -> None:
    """Overwrite what is no element in each vector file below `folder`; a file of another form is left as it is."""
    for path in folder.glob("*/data_level0.bin"):
        try:
            header = _HEADER.unpack_from((path.parent / "header.bin").read_bytes())
            _wipe(path, *header)
        except (OSError, struct.error):
            continue


def _wipe(path: Path, version: int, base: int, places: int, elements: int, size: int, label: int, vector: int) -> None:
    known = version == 1 and base == 0 and elements <= places and 0 < vector < label < size
    before = path.read_bytes()
    data = bytearray(before)
    if not known or len(data) not in {places * size, elements * size}:
        return
    for start in range(0, elements * size, size):
        (links,) = _COUNT.unpack_from(data, start)
        used = start + _LINK * (1 + links)
        end = start + vector
        data[start + _COUNT.size : start + _LINK] = bytes(_LINK - _COUNT.size)
        if used < end:
            data[used:end] = bytes(end - used)
    data[elements * size :] = bytes(len(data) - elements * size)
    if data != before:
        _rewrite(path, data)
    lengths = path.with_name("length.bin")
    kept = bytearray(lengths.read_bytes())
    kept[elements * _LENGTH :] = bytes(max(len(kept) - elements * _LENGTH, 0))
    _rewrite(lengths, kept)


def _rewrite(path: Path, data: bytearray) -> None:
    """In place: whoever has the file open goes on with it."""
    with path.open("r+b") as file:
        file.write(data)
