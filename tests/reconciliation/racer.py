"""One of several workers after the same runs: opens a run for every period and works whichever is free."""

import random
import time
from datetime import datetime, timedelta

from django.db import OperationalError

from billing.models import Organization
from reconciliation.models import ReconciliationRun
from reconciliation.runs import LeaseHeld, RunInProgress, execute, open_run

PERIOD = timedelta(hours=3)


def race(slug: str, periods: int, seed: int, start: datetime, now: datetime) -> int:
    """Opens and works the runs of `periods` periods in an order of its own; how many it has worked itself."""
    organization = Organization.objects.get(slug=slug)
    order, worked = list(range(periods)), 0
    random.Random(seed).shuffle(order)
    runs = ReconciliationRun.objects.filter(organization=organization, comparison="payments")
    for number in order:
        at = start + number * PERIOD
        if not runs.filter(period_start=at).exists():
            open_run(
                organization=organization, comparison="payments", start=at, end=at + PERIOD, by=None, via="race",
                now=now,
            )  # fmt: skip
    waiting = runs.filter(status__in=["queued", "running"])
    while left := list(waiting.values_list("pk", flat=True)):
        run = ReconciliationRun.objects.select_related("organization").get(pk=random.Random(seed + worked).choice(left))
        try:
            execute(run=run, now=now)
            worked += 1
        except (LeaseHeld, RunInProgress, OperationalError):
            time.sleep(0.02)  # another one writes: without a breath the losers keep the winner from it
    return worked
