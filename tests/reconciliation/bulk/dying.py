"""A worker of a bulk action in a process of its own, which dies by SIGKILL where a test wants it to."""

import importlib
import os
import signal
from typing import Any

from django.db import OperationalError
from django.utils import timezone

from reconciliation import bulk


def work(bulk_id: int, size: int, deadly: str = "", call: int = 1) -> None:
    """Works a bulk action to its end, `size` rows a transaction; killed when the function `deadly` ("module:name") is
    called for the n-th time.
    """
    if deadly:
        die_at(deadly, call)
    more = True
    while more:
        try:
            more = bulk.work_chunk(bulk_id=bulk_id, now=timezone.now(), size=size)
        except OperationalError:  # another one writes; the job of the product tries again too
            more = True


def die_at(deadly: str, call: int) -> None:
    """Has this process killed when it calls the function for the n-th time: nothing of ours gets to run."""
    place, _colon, name = deadly.partition(":")
    module = importlib.import_module(place)
    real, calls = getattr(module, name), iter(range(1, 1_000_000))

    def dying(*args: Any, **given: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **given)

    setattr(module, name, dying)
