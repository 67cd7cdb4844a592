"""Do the nightly checks of the action log happen, and what came out? For the doctor and the pages that warn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.models import Organization
from billing.wording import count_text, time_text
from reconciliation.action_log import newest_checks
from reconciliation.models import LogCheck

LATE: Final = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Told:
    """A check in words: what it says, what to do ("": nothing), whether somebody must look, whether tampering shows."""

    check: LogCheck
    text: str
    remedy: str = ""
    pressing: bool = False
    broken: bool = False


def told_checks(organizations: Iterable[int], now: datetime) -> list[Told]:
    """The newest check of each organization in the reader's language, the worst first; none where none was made."""
    found = [told(check, now) for check in newest_checks(organizations)]
    return sorted(found, key=lambda one: (not one.broken, not one.pressing))


def told(check: LogCheck, now: datetime) -> Told:
    """What a check says to people."""
    facts = {
        "name": check.organization.name, "rows": count_text(check.rows), "seal": count_text(check.seals),
        "time": time_text(check.checked_at, ZoneInfo(check.organization.timezone)),
    }  # fmt: skip
    if check.result == LogCheck.Result.BROKEN:
        text = _("✕ %(name)s: the action log does not hold. Checked %(time)s: %(first)s")
        return Told(check, text % {**facts, "first": check.findings[0]["message"]}, tampered(check), True, True)
    if check.result == LogCheck.Result.UNSURE:
        text = _("%(name)s: the action log could not be checked against its checkpoint on %(time)s. %(trouble)s")
        return Told(check, text % {**facts, "trouble": check.trouble}, unsure(check), True)
    if now - check.checked_at > LATE:
        text = _("%(name)s: the action log was last checked %(time)s; a check is due every night.")
        remedy = _("Is the worker running? manage.py declare_schedules plans the check, manage.py serve does it too.")
        return Told(check, text % facts, remedy, True)
    if not check.seals:
        return Told(check, _("✓ Action log checked %(time)s: nothing is in it yet.") % facts)
    if check.checkpoint_seal is None:
        text = _("✓ Action log checked %(time)s: it holds to row %(rows)s (seal %(seal)s).")
        return Told(check, text % facts, "" if check.kept else unkept())
    text = _(
        "✓ Action log checked %(time)s: it holds to row %(rows)s (seal %(seal)s), against the checkpoint of %(kept)s."
    )
    kept = time_text(check.checkpoint_at or check.checked_at, ZoneInfo(check.organization.timezone))
    return Told(check, text % {**facts, "kept": kept})


def tampered(check: LogCheck) -> str:
    """What to do about a log that does not hold."""
    command = f"manage.py verify_action_log --organization {check.organization.slug}"
    return _("Keep the database as it is, find out who changed it, and see all faults: %s") % command


def unsure(check: LogCheck) -> str:
    """What to do about a checkpoint that is gone or cannot be believed."""
    command = f"manage.py verify_action_log --organization {check.organization.slug} --write-checkpoint FILE"
    return _("Put the checkpoint back from a copy. Only if you know why it is gone, keep a new one: %s") % command


def unkept() -> str:
    """What to do where no checkpoint is kept."""
    return _("No checkpoint is kept, so a log cut at its end would not show: set ACTION_LOG_CHECKPOINT_KEY.")


def log_health(now: datetime) -> Iterator[tuple[str, str, bool]]:
    """What is wrong or could be better, what to do, and whether tampering shows; nothing where all is well."""
    ids = Organization.objects.values_list("pk", flat=True)
    yield from ((one.text, one.remedy, one.broken) for one in told_checks(ids, now) if one.remedy)
