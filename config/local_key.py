"""Signing keys for local use, made once and kept in files that only their owner can read."""

import os
import secrets
from pathlib import Path


def local_key(folder: Path, name: str) -> str:
    """The key `name` in `folder`, created on first use. Several processes starting at once agree on one."""
    path = folder / name
    draft = folder / f"{name}.{os.getpid()}"
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            # A link, not a rename: the first process wins and the others read what it wrote.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
