"""Does the worker take jobs? The age of what waits tells; its processes do not: a cluster whose idle member was killed
may hang with every process alive.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from django_q.models import OrmQ

PATIENCE: Final = timedelta(seconds=60)
LOOKS: Final = 3
SLACK: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Queue:
    """The oldest job nobody has taken (its number and since when it waits), and when one was last taken that may still
    be worked.
    """

    oldest: int | None
    since: datetime | None
    taken_at: datetime | None


def _span(name: str) -> timedelta:
    """A span of the worker's settings."""
    cluster: dict[str, Any] = settings.Q_CLUSTER
    return timedelta(seconds=cluster[name])


def look(now: datetime) -> Queue:
    """The queue as it stands. A job's `lock` is when it may be taken: in the future while somebody has it."""
    first = OrmQ.objects.filter(lock__lte=now).order_by("lock", "pk").values_list("pk", "lock").first()
    last = OrmQ.objects.filter(lock__gt=now).order_by("-lock").values_list("lock", flat=True).first()
    retry = _span("retry")
    oldest, since = first or (None, None)
    return Queue(oldest, since, last - retry if last else None)


def waits_in_vain(queue: Queue, now: datetime) -> bool:
    """Whether a job waits longer than it should although no worker can be busy with another one."""
    if queue.since is None or now - queue.since < PATIENCE:
        return False
    longest = _span("timeout") + SLACK
    return queue.taken_at is None or now - queue.taken_at > longest


@dataclass
class QueueWatch:
    """Called now and then, answers whether the worker hangs: the same job found waiting in vain several times."""

    clock: Callable[[], datetime] = timezone.now
    done: Callable[[], None] = connections.close_all  # between looks the supervisor holds no connection
    waiting: int | None = None
    times: int = field(default=0)

    def __call__(self) -> bool:
        """Look once; True when it is time to start the worker again. A database that does not answer says nothing."""
        now = self.clock()
        try:
            queue = look(now)
        except DatabaseError:
            return False
        finally:
            self.done()
        vain = waits_in_vain(queue, now)
        self.times = self.times + 1 if vain and queue.oldest == self.waiting else int(vain)
        self.waiting = queue.oldest
        if self.times < LOOKS:
            return False
        self.times = 0
        return True
