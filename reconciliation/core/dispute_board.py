"""Where a dispute stands on the board, and what expires next. Pure.

Two clocks run: somebody takes a dispute in charge within 24 hours of its coming up, and evidence is sent before the
provider's deadline (B3). A deadline of 0 at the provider means that no response is possible.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

ACKNOWLEDGE, GATHER, SUBMITTED, CLOSED = COLUMNS = ("acknowledge", "gather", "submitted", "closed")
ACKNOWLEDGED_WITHIN = timedelta(hours=24)
SOON = timedelta(hours=24)

# https://docs.stripe.com/api/disputes/object#dispute_object-status
FINAL = ("won", "lost", "warning_closed", "charge_refunded", "prevented")
AT_THE_BANK = ("under_review", "warning_under_review")


@dataclass(frozen=True)
class Standing:
    """What the board needs to know. `word`: the provider's status, blank where only the statement tells of the dispute;
    `status`: of the discrepancy, blank while no run has recorded one; `waiting_since`: when it came into the queue.
    """

    word: str
    status: str
    waiting_since: datetime
    due_by: datetime | None = None
    no_response_possible: bool = False

    @property
    def unattended(self) -> bool:
        """Whether nobody has taken it in charge."""
        return self.status in ("", "open")

    @property
    def over(self) -> bool:
        """Whether the provider has closed it, or everything about it is resolved."""
        return self.word in FINAL or self.status == "resolved"


def column(standing: Standing) -> str:
    """Which column a dispute belongs to."""
    if standing.over:
        return CLOSED
    if standing.word in AT_THE_BANK:
        return SUBMITTED
    if standing.unattended:
        return ACKNOWLEDGE
    return SUBMITTED if standing.no_response_possible else GATHER


def acknowledge_by(standing: Standing) -> datetime | None:
    """Until when somebody has to take it in charge; None once it is, or when that changes nothing any more."""
    if standing.over or not standing.unattended or standing.word in AT_THE_BANK:
        return None
    return standing.waiting_since + ACKNOWLEDGED_WITHIN


def evidence_by(standing: Standing) -> datetime | None:
    """Until when evidence can be sent; None once it is, or where no response is possible."""
    if standing.over or standing.word in AT_THE_BANK or standing.no_response_possible:
        return None
    return standing.due_by


def expires(standing: Standing) -> datetime | None:
    """What expires next, if anything does."""
    moments = [moment for moment in (acknowledge_by(standing), evidence_by(standing)) if moment]
    return min(moments, default=None)


def presses(standing: Standing, now: datetime) -> bool:
    """Whether something expires within a day, or has."""
    moment = expires(standing)
    return moment is not None and moment <= now + SOON


def order(standing: Standing) -> tuple[bool, float]:
    """Sorts a column: what expires next comes first, then what has waited longest; of what is over, the newest."""
    moment = expires(standing)
    if standing.over:
        return (standing.status == "resolved", -standing.waiting_since.timestamp())
    return (moment is None, (moment or standing.waiting_since).timestamp())
