"""Do the hourly sweeps happen, and end well? For the doctor and whoever else wants to warn."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django_q.models import Schedule

from billing.models import Organization
from reconciliation.models import SyncJob
from reconciliation.queue_watch import look

LATE: Final = timedelta(hours=1)
LONG_WAIT: Final = timedelta(minutes=15)
SWEEP: Final = "reconciliation.sweep_tasks.sweep_every_organization"


def sweep_health(now: datetime) -> Iterator[tuple[str, str]]:
    """What is wrong, and what to do, in pairs; nothing when all is well or there is nobody to sweep for."""
    organizations = Organization.objects.order_by("slug")
    if not organizations.exists():
        return
    yield from _plan(now)
    yield from _queue(now)
    ended = SyncJob.objects.filter(organization=OuterRef("pk"), kind="sweep", status__in=["done", "failed"])
    last = ended.order_by("-id")
    rows = organizations.annotate(how=Subquery(last.values("status")[:1]), why=Subquery(last.values("error")[:1]))
    for row in rows.filter(how="failed"):
        values = {"slug": row.slug, "why": row.why}
        yield _("The last sweep of %(slug)s failed: %(why)s") % values, _("See its page under Source jobs.")


def _plan(now: datetime) -> Iterator[tuple[str, str]]:
    planned = Schedule.objects.filter(func=SWEEP).order_by("next_run").values_list("next_run", flat=True).first()
    if planned is None:
        yield _("The hourly sweep is not planned."), _("Run manage.py declare_schedules.")
    elif planned < now - LATE:
        text = _("The hourly sweep was due at %s and has not begun.")
        yield text % f"{planned:%Y-%m-%d %H:%M} UTC", _("Is the worker running? Start manage.py serve, or qcluster.")


def _queue(now: datetime) -> Iterator[tuple[str, str]]:
    since = look(now).since
    if since is not None and now - since > LONG_WAIT:
        minutes = int((now - since).total_seconds() // 60)
        text = _("A job waits for a worker since %d minutes.")
        yield text % minutes, _("Start the worker again; more workers take more jobs at once.")
