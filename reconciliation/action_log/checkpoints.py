"""Checkpoints of the action log as files outside the database, signed under a key that the database never sees."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from reconciliation.core import sealing


class CheckpointTrouble(Exception):
    """A checkpoint that cannot be read, believed or kept. `str()` is for people: what is wrong, and where."""


def read_checkpoint_file(path: Path, key: str) -> list[sealing.Checkpoint]:
    """The checkpoints in `path`, signed under `key`. Raises CheckpointTrouble."""
    require_key(key)
    try:
        return sealing.read_checkpoints(json.loads(path.read_text("utf-8")), key)
    except OSError as error:
        message = _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror}
    except sealing.BadCheckpointError as error:
        message = f"{path}: {error}"
    except (ValueError, RecursionError):
        message = _("%(path)s is not JSON, so it is no checkpoint of the action log.") % {"path": path}
    raise CheckpointTrouble(message)


def write_checkpoint_file(path: Path, checkpoints: Sequence[sealing.Checkpoint], key: str) -> None:
    """Write `checkpoints` to `path`, signed under `key`, in one step. Raises CheckpointTrouble."""
    require_key(key)
    text = json.dumps(sealing.sign_checkpoints(checkpoints, key), indent=2, ensure_ascii=False) + "\n"
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as error:
        message = _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror}
        raise CheckpointTrouble(message) from None


def require_key(key: str) -> None:
    """Raise CheckpointTrouble, with what to do, when there is no key to sign or check with."""
    if not key:
        raise CheckpointTrouble(
            _(
                "A checkpoint is signed, and there is no key to sign with. Set ACTION_LOG_CHECKPOINT_KEY in the "
                "environment to a long random text and keep it where the database's administrators cannot read it."
            )
        )
