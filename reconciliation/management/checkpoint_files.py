"""Checkpoints of the action log for commands: what is wrong with a file ends the command with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from reconciliation.action_log import CheckpointTrouble

ERROR = 2


@contextmanager
def trouble_ends_the_command() -> Iterator[None]:
    """A CheckpointTrouble inside becomes a CommandError with exit code 2."""
    try:
        yield
    except CheckpointTrouble as trouble:
        raise CommandError(str(trouble), returncode=ERROR) from None
