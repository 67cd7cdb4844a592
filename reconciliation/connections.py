"""Work side by side: over several connections, on PostgreSQL and only where another sees what this one does; and what
comes next, made in a thread while the database takes what came before.
"""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Final, TypeVar

from django.db import connection

T = TypeVar("T")
TURN_SECONDS: Final = 0.000_1
_asking: Final[list[float]] = []
"""The usual turn, once for everybody who asks for short ones at the moment; it comes back with the last."""
_asking_lock: Final = Lock()


@contextmanager
def short_turns() -> Iterator[None]:
    """Lets threads of Python take short turns. One that feeds the database waits for it hundreds of times, and each
    time up to a turn of another thread's besides: with usual turns (5 ms) a million items take a second longer.
    """
    with _asking_lock:
        _asking.append(_asking[0] if _asking else sys.getswitchinterval())
        sys.setswitchinterval(min(_asking[0], TURN_SECONDS))
    try:
        yield
    finally:
        with _asking_lock:
            usual = _asking.pop()
            if not _asking:
                sys.setswitchinterval(usual)


def may_share_work() -> bool:
    """Whether other connections see what this one does, and can work beside it: on PostgreSQL, outside a
    transaction.
    """
    return connection.vendor == "postgresql" and not connection.in_atomic_block


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Makes calls that only read, over this connection and a second one where `may_share_work`; what they return, in
    their order. The longest should come first. Raises what a call raises.
    """
    if len(calls) < 2 or not may_share_work():
        return [call() for call in calls]
    waiting: SimpleQueue[tuple[int, Callable[[], T]]] = SimpleQueue()
    for numbered in enumerate(calls):
        waiting.put(numbered)

    def work() -> dict[int, T]:
        done: dict[int, T] = {}
        with suppress(Empty):
            while True:
                number, call = waiting.get_nowait()
                done[number] = call()
        return done

    with short_turns(), ThreadPoolExecutor(1) as pool:
        other = pool.submit(apart, work)
        done = work()
        done |= other.result()
    return [done[number] for number in range(len(calls))]


def beside(work: Callable[[], T], writing: Callable[[], None]) -> T:
    """Does `writing` here, and meanwhile `work` over a connection of its own; returns what `work` returns.

    Most of a large write is waiting for the database. Ask `may_share_work` before the transaction of `writing` begins:
    `work` sees nothing of it.
    """
    with short_turns(), ThreadPoolExecutor(1) as pool:
        done = pool.submit(apart, work)
        writing()
        return done.result()


def apart(work: Callable[[], T]) -> T:
    """Works in a thread, and closes the connection it had there."""
    try:
        return work()
    finally:
        connection.close()


def one_ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items; while one is looked at, the next is made in a thread, so that making it asks the database
    nothing. Close it when it is left early.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
