"""Progress: a bar in a terminal, plain lines elsewhere, nothing when quiet."""

import os
import pty
import sys
import threading

import pytest

from harness.cli.progress import show_progress


def test_quiet_has_no_progress() -> None:
    with show_progress(quiet=True) as progress:
        assert progress is None


def test_elsewhere_the_first_and_the_last_trial_have_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress(quiet=False) as progress:
        assert progress is not None
        for done in range(1, 101):
            progress(done=done, total=100, errored=done // 50)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["1/100", "100/100"]
    assert "0 errored" in lines[0] and "2 errored" in lines[1] and lines[1].endswith("0 s left")


def test_a_terminal_has_a_bar_that_ends_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    reading, writing = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(reading, 4096):
                shown.append(data)
        except OSError:  # the other end of a terminal was closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(writing, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with show_progress(quiet=False) as progress:
            assert progress is not None
            progress(done=3, total=3, errored=1)
        monkeypatch.undo()
    reader.join(timeout=10)
    os.close(reading)
    text = b"".join(shown).decode()
    assert "3/3" in text and "1 errored" in text
