"""Why a step was not taken. Each says what is wrong and what to do; nothing was saved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reconciliation.models import ReconciliationDiscrepancy


class StepRefused(Exception):
    """A step that was not taken. `code` and `status` (HTTP) are for interfaces, `str()` is for people."""

    code, status = "refused", 400


class UnknownDiscrepancy(StepRefused):
    """There is no such discrepancy in the person's organizations."""

    code, status = "not_found", 404

    def __init__(self) -> None:
        """The same for one that is nowhere and one that belongs to others."""
        super().__init__(_("There is no such discrepancy in your organizations."))


class NotAllowed(StepRefused):
    """The person may not take this step."""

    code, status = "not_allowed", 403


class OwnProposal(NotAllowed):
    """Whoever proposed a resolution does not decide about it (requirement F4)."""

    code = "own_proposal"

    def __init__(self) -> None:
        """In the words of the screen."""
        super().__init__(_("You proposed this. Another manager must approve it."))


class WrongState(StepRefused):
    """The step does not start from where the discrepancy stands."""

    code, status = "wrong_state", 409


class InvalidStep(StepRefused):
    """What was given with the step is not enough or not right; `field` names it."""

    code, status = "invalid", 400

    def __init__(self, field: str, message: str) -> None:
        """Which field, and what to do about it."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Change:
    """A step somebody else has taken: who, when, the log's word for it, and the values it changed."""

    actor: str
    action: str
    at: datetime
    before: dict[str, Any]
    after: dict[str, Any]


class StaleDiscrepancy(StepRefused):
    """Somebody else was first. `row` is as it stands now, `changes` the steps taken since the version that was seen."""

    code, status = "stale", 409

    def __init__(self, row: ReconciliationDiscrepancy, expected_version: int, changes: list[Change]) -> None:
        """Names the last step; interfaces show them all."""
        self.row, self.expected_version, self.changes = row, expected_version, changes
        text = _("Changed meanwhile; nothing was saved.")
        if changes:
            last = changes[-1]
            told = {"who": last.actor.partition(":")[2] or last.actor, "time": f"{last.at:%Y-%m-%d %H:%M:%S} UTC"}
            text = f"{text} {_('The last change is by %(who)s, %(time)s.') % told}"
        super().__init__(text)
