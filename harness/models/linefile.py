"""A file of lines that many processes append to at once, read by line number."""

import errno
import os
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_CHUNK = 1 << 20


class LineFile:
    """Whole lines of one file, in order; what others append is found by `added`. Every method may raise OSError.

    Between processes a writer holds `flock` (on Windows there is none, and only one process may write), between threads
    of one process every caller holds `held`. A line goes out in one write to an O_APPEND descriptor, so a reader that
    holds no lock sees it whole or not at all, but for a writer that was killed in it: that is `tail`.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT if writable else os.O_RDONLY
        self._descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        self._writable = writable
        self._threads = threading.RLock()
        self._starts = array("Q", [0])

    def close(self) -> None:
        """Let go of the file; a second time does nothing."""
        with self._threads:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    @contextmanager
    def held(self, *, locked: bool) -> Iterator[None]:
        """The file for one thread; with `locked` also for one process, so that no line is being written meanwhile."""
        with self._threads:
            if sys.platform == "win32" or not locked:
                yield
                return
            fcntl.flock(self._descriptor, fcntl.LOCK_EX if self._writable else fcntl.LOCK_SH)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def head(self, size: int) -> bytes:
        """At most `size` bytes of the file's beginning."""
        return self._at(0, size)

    def added(self) -> Iterator[tuple[int, bytes]]:
        """Yield (number from 1, line without its end) of the whole lines that came since the last call."""
        size, room = _CHUNK, self._left()
        while room:
            lines = self._at(self._starts[-1], min(size, room)).split(b"\n")
            del lines[-1]
            for line in lines:
                self._starts.append(self._starts[-1] + len(line) + 1)
                yield len(self._starts) - 1, line
            if size >= room:
                return
            size, room = size if lines else size * 2, self._left()

    def tail(self) -> tuple[int, bytes]:
        """(number, bytes) of what stands after the last whole line."""
        return len(self._starts), self._at(self._starts[-1], self._left())

    def take_tail(self) -> None:
        """Count the tail as a whole line whose end is missing."""
        self._starts.append(self._starts[-1] + self._left())

    def line(self, number: int) -> bytes:
        """The line of that number, with its end."""
        start = self._starts[number - 1]
        return self._at(start, self._starts[number] - start)

    def append(self, data: bytes) -> None:
        """Write whole lines; where there is no room for all of them, none is left in the file."""
        size = os.fstat(self._descriptor).st_size
        if os.write(self._descriptor, data) < len(data):
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _left(self) -> int:
        """Bytes after the last whole line; a file that shrank has none."""
        return max(os.fstat(self._descriptor).st_size - self._starts[-1], 0)

    def _at(self, offset: int, size: int) -> bytes:
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        return os.read(self._descriptor, size)
