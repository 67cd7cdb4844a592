"""Lots of items worked on in a thread of their own, beside the one that waits for the database."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

import polars as pl

LOTS_ALIVE = 2  # one is worked on while the one before it waits to be stored
T = TypeVar("T")


class Lots(Generic[T]):
    """Items as they come, worked on in lots of `size`, in their order; at most LOTS_ALIVE worked on or not yet taken.

    `work` takes a lot of items and must not ask the database. What it raises is raised where its lot is taken. Leaving
    the block waits for the lot under way, and drops the others.
    """

    def __init__(self, work: Callable[[pl.DataFrame], T], size: int) -> None:
        """Nothing is worked on yet."""
        self.work, self.size = work, size
        self.waiting: deque[pl.DataFrame] = deque()
        self.alive: deque[Future[T]] = deque()

    def __enter__(self) -> Self:
        self.pool = ThreadPoolExecutor(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)

    def add(self, items: pl.DataFrame) -> None:
        """Takes the next items; begins with whole lots of them."""
        self.waiting.append(items)
        self._begin(least=self.size)

    def ready(self) -> Iterator[T]:
        """What is done by now, without waiting for more."""
        while self.alive and self.alive[0].done():
            yield self.alive.popleft().result()
            self._begin(least=self.size)  # only now: who took the last one had its memory until here

    def rest(self) -> Iterator[T]:
        """What is not taken yet, until everything is done: no items come any more."""
        self._begin(least=1)
        while self.alive:
            yield self.alive.popleft().result()
            self._begin(least=1)

    def _begin(self, *, least: int) -> None:
        while len(self.alive) < LOTS_ALIVE and sum(map(len, self.waiting)) >= least:
            gathered = pl.concat(self.waiting)
            self.waiting = deque([gathered[self.size :]])
            self.alive.append(self.pool.submit(self.work, gathered[: self.size]))
