"""Refusals of the workflow as errors of the API."""

from typing import Any

from rest_framework.exceptions import APIException, ValidationError

from reconciliation.admin.log_words import action_words, actor_words
from reconciliation.workflow import InvalidStep, StaleDiscrepancy, StepRefused

from .times import iso

FIELDS = {"reason": "notes"}
"""What the workflow's fields are called in a request's body, where that differs."""


class Unprocessable(ValidationError):
    """422: the body can be read, but what it says cannot be done; each detail names its field."""

    status_code = 422


class Refused(APIException):
    """A step that was not taken, with the workflow's own status, code and words. `details` are for the error's body."""

    def __init__(self, refusal: StepRefused) -> None:
        """As the workflow says."""
        super().__init__(str(refusal), refusal.code)
        self.status_code = refusal.status
        self.details = changes_of(refusal) if isinstance(refusal, StaleDiscrepancy) else []


def changes_of(refusal: StaleDiscrepancy) -> list[dict[str, Any]]:
    """Who changed what since the version that was seen, oldest first."""
    return [
        {
            "field": "version",
            "code": change.action,
            "message": f"{actor_words(change.actor)}: {action_words(change.action)}",
            "actor": change.actor,
            "at": iso(change.at),
            "version": change.after.get("version"),
            "status": change.after.get("status"),
        }
        for change in refusal.changes
    ]


def error_of(refusal: StepRefused) -> APIException:
    """What the API raises for a refusal."""
    if isinstance(refusal, InvalidStep):
        return Unprocessable({FIELDS.get(refusal.field, refusal.field): [str(refusal)]})
    return Refused(refusal)
