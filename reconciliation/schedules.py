"""Jobs that come again by the clock: planned once, whoever asks how often."""

from datetime import datetime

from django.db import transaction
from django_q.models import Schedule


def plan(*, name: str, func: str, every: str, first: datetime) -> bool:
    """Make sure `func` (dotted path) is called `every` so often (a schedule type), at `first` (aware) and from then on;
    True when it was not planned yet.

    Schedules have no unique names: the rows are looked through, and surplus ones removed.
    """
    with transaction.atomic():
        found = list(Schedule.objects.select_for_update().filter(func=func).order_by("pk"))
        if found:
            Schedule.objects.filter(pk__in=[one.pk for one in found[1:]]).delete()
            return False
        Schedule.objects.create(name=name, func=func, schedule_type=every, repeats=-1, next_run=first)
        return True
