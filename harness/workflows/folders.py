"""Where a command that makes several runs puts them."""

from datetime import UTC, datetime
from pathlib import Path

from harness.build.api import made_anew
from harness.core.errors import UsageError


def own_folder(out: Path | None, *, name: str, fix: str = "give --out a new folder") -> Path:
    """`out`, made where it isn't there; without it a new folder below reports/ with the time and `name`.

    UsageError, with `fix`, where `out` holds something already, or where it can't be written.
    """
    try:
        if out is None:
            out = Path("reports") / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{name}"
            return made_anew(out)
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError("this folder isn't empty", where=out, fix=fix)
    except OSError as error:
        raise UsageError(f"can't write there: {error.strerror}", where=out, fix="give --out a folder") from None
    return out
