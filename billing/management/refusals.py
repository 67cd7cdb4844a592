"""How a command of this application says no: one line, exit code 2."""

from django.core.management.base import CommandError


class Refused(CommandError):
    """The command did nothing; exit code 2. The message is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)
