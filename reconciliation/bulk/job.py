"""The job's body: django-q2 may deliver it more than once, and may lose it; the stored rows know what is left."""

import logging
import time

from django.db import OperationalError, connection
from django.utils import timezone

from .confirming import enqueue
from .working import work_chunk

logger = logging.getLogger(__name__)
WORK_SECONDS = 120.0
TRIES = 3
BREATH_SECONDS = 0.05


def work_bulk(bulk_id: int, seconds: float = WORK_SECONDS) -> str:
    """Works a bulk action for at most `seconds`, then leaves the rest to another job. Returns a word for the record.

    A chunk that the database could not finish (a deadlock, a busy file) is tried again; then the error is raised, and
    the page offers to go on.
    """
    until, tries = time.monotonic() + seconds, 0
    while True:
        try:
            more = work_chunk(bulk_id=bulk_id, now=timezone.now())
            tries = 0
        except OperationalError:
            tries, more = tries + 1, True
            if tries >= TRIES:
                raise
            logger.warning("a chunk of a bulk action is tried again", extra={"bulk": bulk_id})
        if not more:
            return "ended"
        if time.monotonic() > until:
            enqueue(bulk_id)
            return "goes on"
        if connection.vendor == "sqlite":
            time.sleep(BREATH_SECONDS)  # lets others write: SQLite's writers do not queue
