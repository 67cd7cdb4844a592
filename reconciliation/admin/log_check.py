"""The action log checked while somebody waits, and what nightly checks say: how far it holds, where it breaks first."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from billing.models import Organization
from billing.wording import count_text, time_text
from reconciliation import action_log
from reconciliation.log_health import told_checks
from reconciliation.models import LogHead

MOST_QUIET = 5
"""More lines than this above a list would hide it."""
MOST_ROWS = 300_000
"""About three seconds; a longer log is checked by `manage.py verify_action_log`."""


def log_check(organization: Organization) -> dict[str, Any]:
    """Every row of the organization's log against its seal, every seal against the one before."""
    rows = LogHead.objects.filter(organization=organization).values_list("total", flat=True).first() or 0
    if rows > MOST_ROWS:
        text = _("The log has %(rows)s rows, too many to check while you wait: manage.py verify_action_log does it.")
        return {"ok": None, "text": text % {"rows": count_text(rows)}, "findings": []}
    verification = action_log.verify(organization=organization)
    log = verification.logs[0]
    told = {
        "rows": count_text(log.total),
        "seal": count_text(log.number),
        "time": time_text(timezone.now(), ZoneInfo(organization.timezone)),
    }
    if verification.ok:
        text = _("✓ Verified to row %(rows)s (seal %(seal)s) at %(time)s.") % told
    else:
        text = _("✕ The log does not hold. The first fault comes first; keep the database as it is and report it.")
    return {"ok": verification.ok, "text": text, "findings": [place_of(each) for each in verification.findings]}


def place_of(finding: action_log.Finding) -> str:
    """A fault with the number of its row or seal."""
    if finding.row_id:
        return _("Row %(number)s: %(message)s") % {"number": finding.row_id, "message": finding.message}
    return _("Seal %(number)s: %(message)s") % {"number": finding.seal, "message": finding.message}


def log_lines(request: HttpRequest, organizations: list[int], now: datetime) -> dict[str, Any]:
    """What the newest nightly checks say: `pressing` ones need somebody, `quiet` ones do not."""
    if not request.user.has_perm("reconciliation.view_reconciliationactionlog"):
        return {}
    checks = told_checks(organizations, now)
    return {
        "pressing": [one for one in checks if one.pressing],
        "quiet": [one for one in checks if not one.pressing],
        "url": reverse("admin:reconciliation_reconciliationactionlog_changelist"),
    }


def list_lines(organizations: list[int], now: datetime) -> list[str]:
    """What the newest nightly checks say and ask for, as lines above the log."""
    checks = told_checks(organizations, now)
    if not checks and organizations:
        return [_("The log was never checked as a whole. The worker does it every night.")]
    pressing = [
        format_html('<strong class="verdict verdict-gap">{}</strong> {}', one.text, one.remedy)
        for one in checks
        if one.pressing
    ]
    quiet = [one for one in checks if not one.pressing]
    named = "{name}: {text} {remedy}" if len(checks) > 1 else "{text} {remedy}"
    return pressing + [
        named.format(name=one.check.organization.name, text=one.text, remedy=one.remedy).strip()
        for one in quiet[:MOST_QUIET]
    ]
