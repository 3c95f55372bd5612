"""Small policies and incidents, written to a folder."""

import json
from pathlib import Path
from typing import Any

HEAD = {"id": "POL-A", "title": "Pets", "version": 1, "effective_from": "2026-01-01", "labels": "[pets]"}
BODY = "## 1 Scope\n1.1 This policy is about dogs.\n1.2 And about cats.\n"


def policy_text(body: str = BODY, **head: Any) -> str:
    """A policy file; a key of the head that is None is left out."""
    keys = {**HEAD, **head}
    front = "".join(f"{key}: {value}\n" for key, value in keys.items() if value is not None)
    return f"---\n{front}---\n{body}"


def write_policy(folder: Path, name: str = "a.md", body: str = BODY, **head: Any) -> Path:
    """Write a policy file below `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(policy_text(body, **head), encoding="utf-8")
    return path


def incident(name: str = "i-1", **changes: Any) -> dict[str, Any]:
    """An incident as it stands in a file."""
    return {"id": name, "title": "A dog", "narrative": "A dog bit the host.", "label": "pets", **changes}


def write_rows(path: Path, *rows: Any) -> Path:
    """Write a JSON Lines file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path
