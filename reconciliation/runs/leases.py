"""One writer at a time: a lease with a fencing number per organization and comparison."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from reconciliation.models import ReconciliationRun, RunLease

LEASE = timedelta(minutes=10)  # renewed at every stage of a run


class LeaseHeld(Exception):
    """Another run is writing; `str()` tells which, since when it may be taken over."""

    def __init__(self, run: ReconciliationRun | None, until: datetime | None) -> None:
        """Names the holder."""
        self.run, self.until = run, until
        text = _("%s is being written for this organization and comparison.") % (run or _("Another run"))
        if until:
            text = f"{text} {_('It may be taken over after %s.') % f'{until:%Y-%m-%d %H:%M:%S} UTC'}"
        super().__init__(text)


class LeaseLost(Exception):
    """The lease was taken over by a later run; nothing more may be written."""


def acquire(*, run: ReconciliationRun, now: datetime) -> int:
    """Takes the lease for `run` and returns its fencing number, larger than every one before.

    Raises LeaseHeld while another run holds a lease that has not expired at `now`.
    """
    key = {"organization_id": run.organization_id, "comparison": run.comparison}
    leases = RunLease.objects.select_for_update(of=("self",)).select_related("run").filter(**key)
    with transaction.atomic():
        lease = leases.first()
        if lease is None:
            RunLease.objects.bulk_create([RunLease(**key)], ignore_conflicts=True)
            lease = leases.get()
        free = lease.run_id is None or lease.expires_at is None or lease.expires_at <= now
        if not free:
            raise LeaseHeld(lease.run, lease.expires_at)
        lease.fence, lease.run, lease.expires_at = lease.fence + 1, run, now + LEASE
        lease.save(update_fields=["fence", "run", "expires_at"])
        return lease.fence


def hold(*, run: ReconciliationRun, fence: int) -> None:
    """Locks the lease until the end of the transaction; called before anything is written.

    Raises LeaseLost when another run has taken it over meanwhile.
    """
    lease = RunLease.objects.select_for_update(of=("self",)).get(
        organization_id=run.organization_id, comparison=run.comparison
    )
    if lease.fence != fence:
        raise LeaseLost(f"{run} lost its lease to a later run; nothing was written.")


def current(*, run: ReconciliationRun, now: datetime) -> int | None:
    """The fencing number under which `run` is worked at `now`, or None when nobody works it."""
    lease = RunLease.objects.filter(
        run=run, comparison=run.comparison, expires_at__gt=now, run__status="running", run__number=F("fence")
    )
    return lease.values_list("fence", flat=True).first()


def renew(*, run: ReconciliationRun, fence: int, now: datetime) -> None:
    """Lets the lease last from `now` on, if it is still held."""
    RunLease.objects.filter(organization_id=run.organization_id, comparison=run.comparison, fence=fence).update(
        expires_at=now + LEASE
    )


def release(*, run: ReconciliationRun, fence: int) -> None:
    """Gives the lease back, unless somebody else holds it by now."""
    RunLease.objects.filter(Q(fence=fence), organization_id=run.organization_id, comparison=run.comparison).update(
        run=None, expires_at=None
    )
