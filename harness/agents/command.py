"""A solver that is a command: one process a sample, JSON on its standard input, JSON on its standard output."""

import asyncio
import errno
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.agents.function import MAX_ANSWER, json_answer, request_of
from harness.core.errors import InfrastructureError, UsageError, one_line
from harness.core.protocols import SolverInput
from harness.core.secrets import scrub
from harness.core.types import Output

_TAIL = 500
_CHUNK = 65_536
_REAPED_WITHIN = 5.0
_WRONG_COMMAND = frozenset({errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR})


class CommandSolver:
    """Starts `command` for each sample, without a shell, and gives it `{"id", "input", "trial", "seed"}`; no target.

    `python` alone is the Python that runs this. The process gets this process's environment and a process group of its
    own, which is killed after `timeout` seconds or when the run is cancelled. UsageError where the command isn't there.
    """

    def __init__(
        self, command: Sequence[str], *, cwd: Path, timeout: float = 30.0, where: str | Path = "solver"
    ) -> None:
        self.name, self._timeout, self._where = " ".join(command), timeout, where
        if not cwd.is_dir():
            raise UsageError(f"no such folder {str(cwd)!r}", where=where, fix="check the solver's `cwd`")
        self._cwd = cwd.resolve()
        self._command = (_found(command[0], cwd=self._cwd, where=where), *command[1:])

    async def __call__(self, item: SolverInput) -> Output:
        """Run the command for one sample.

        Raises InfrastructureError: timeout, exit_<code>, signal_<number>, or bad_answer for output that can't be read.
        """
        request = request_of(item)
        process = await self._started()
        try:
            async with asyncio.timeout(self._timeout):
                answer, said, _ = await asyncio.gather(
                    _bounded(process), _tail(process.stderr), _feed(process.stdin, request)
                )
                code = await process.wait()
        except BaseException as error:
            await _end(process)
            if isinstance(error, TimeoutError):
                text = f"{self.name!r} didn't end within {self._timeout:.3g} s"
                raise InfrastructureError("timeout", text) from None
            raise
        if len(answer) > MAX_ANSWER:
            raise InfrastructureError("bad_answer", f"{self.name!r} wrote more than {MAX_ANSWER:,} bytes")
        if code != 0:
            kind = f"exit_{code}" if code > 0 else f"signal_{-code}"
            end = one_line(scrub(said))[-_TAIL:]
            raise InfrastructureError(kind, f"{self.name!r} failed{f': {end}' if end else ''}")
        return json_answer(answer, whose=repr(self.name))

    async def _started(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=self._cwd, start_new_session=True
            )
        except OSError as error:
            text = f"can't start {self.name!r}: {error.strerror}"
            if error.errno in _WRONG_COMMAND:
                raise UsageError(text, where=self._where, fix="check the solver's `command`") from None
            raise InfrastructureError("not_started", text) from None


def _found(name: str, *, cwd: Path, where: str | Path) -> str:
    """The program that a command begins with; a relative path is looked up from `cwd`. UsageError where it isn't there."""
    if name == "python":
        return sys.executable
    found = shutil.which(name if os.path.dirname(name) == "" else cwd / name)
    if found is None:
        raise UsageError(
            f"command not found: {name!r}", where=where, fix="install it, or give its path from the suite's folder"
        )
    return found


async def _feed(stdin: asyncio.StreamWriter | None, request: bytes) -> None:
    """Write the request; a program that doesn't read it may still answer."""
    assert stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(request)
        await stdin.drain()
    stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


async def _bounded(process: Process) -> bytes:
    """Standard output; a program that writes more than MAX_ANSWER is killed there."""
    assert process.stdout is not None
    answer = bytearray()
    while chunk := await process.stdout.read(_CHUNK):
        if len(answer) <= MAX_ANSWER:
            answer += chunk
            if len(answer) > MAX_ANSWER:
                _kill(process)
    return bytes(answer)


async def _tail(stderr: asyncio.StreamReader | None) -> str:
    """The end of standard error, with more than is shown of it: a secret must not be cut before it is known as one."""
    assert stderr is not None
    kept = b""
    while chunk := await stderr.read(_CHUNK):
        kept = (kept + chunk)[-4 * _TAIL :]
    return kept.decode("utf-8", "replace")


def _kill(process: Process) -> None:
    """Kill the process and all that it started and that stayed in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: Process) -> None:
    """Leave nothing behind: the group is killed and the process reaped, even where this is cancelled meanwhile."""
    _kill(process)
    reaped = asyncio.ensure_future(process.wait())
    cancelled, ends = False, time.monotonic() + _REAPED_WITHIN
    while not reaped.done() and time.monotonic() < ends:
        try:
            await asyncio.wait({reaped}, timeout=_REAPED_WITHIN)
        except asyncio.CancelledError:
            cancelled = True
    reaped.cancel()
    if cancelled:
        raise asyncio.CancelledError
