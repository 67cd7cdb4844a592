"""Checkpoints of the action log as files, signed under a key that the database never sees."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from reconciliation.core import sealing

ERROR = 2


def read_checkpoint_file(path: Path, key: str) -> list[sealing.Checkpoint]:
    """The checkpoints in `path`, signed under `key`. Raises CommandError when it cannot be read or believed."""
    require_key(key)
    try:
        return sealing.read_checkpoints(json.loads(path.read_text("utf-8")), key)
    except OSError as error:
        raise CommandError(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror}, returncode=ERROR
        ) from None
    except sealing.BadCheckpointError as error:
        raise CommandError(f"{path}: {error}", returncode=ERROR) from None
    except (ValueError, RecursionError):
        raise CommandError(
            _("%(path)s is not JSON, so it is no checkpoint of the action log.") % {"path": path}, returncode=ERROR
        ) from None


def write_checkpoint_file(path: Path, checkpoints: Sequence[sealing.Checkpoint], key: str) -> None:
    """Write `checkpoints` to `path`, signed under `key`, in one step. Raises CommandError when that is not possible."""
    require_key(key)
    text = json.dumps(sealing.sign_checkpoints(checkpoints, key), indent=2, ensure_ascii=False) + "\n"
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as error:
        raise CommandError(
            _("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": error.strerror}, returncode=ERROR
        ) from None


def require_key(key: str) -> None:
    """Raise CommandError, with what to do, when there is no key to sign or check with."""
    if not key:
        raise CommandError(
            _(
                "A checkpoint is signed, and there is no key to sign with. Set ACTION_LOG_CHECKPOINT_KEY in the "
                "environment to a long random text and keep it where the database's administrators cannot read it."
            ),
            returncode=ERROR,
        )
