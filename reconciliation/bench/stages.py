"""Where the time of a run goes: its own functions, timed from outside, each without the timed ones it calls.

What another thread does meanwhile is told apart: its seconds are not part of the run's.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

STAGES: Final[tuple[tuple[str, str, str], ...]] = (
    ("what changed since the last run", "reconciliation.runs.preparing", "basis"),
    ("cutting into parts", "reconciliation.runs.shards.working", "read_sides"),
    ("settling parts", "reconciliation.runs.shards.working", "match_parts"),
    ("matching the rest", "reconciliation.runs.shards.finishing", "match_rest"),
    ("explaining the rest", "reconciliation.runs.shards.explaining", "explain_some"),
    ("what explaining looks up", "reconciliation.runs.shards.explaining", "Surroundings"),
    ("ranges of items", "reconciliation.runs.shards.finishing", "write_everything"),
    ("writing ranges", "reconciliation.runs.shards.finishing", "write_rows"),
    ("ending a run of parts", "reconciliation.runs.shards.finishing", "end_run"),
    ("reading both sides", "reconciliation.comparisons.payments", "load_sides"),
    ("reading connected records", "reconciliation.comparisons.payments", "load_connected"),
    ("refunds and attempts", "reconciliation.comparisons.payments", "prepared"),
    ("reading open items", "reconciliation.runs.reading", "stored_for_period"),
    ("matching passes", "reconciliation.runs.reading", "match"),
    ("outcomes", "reconciliation.core.matching", "items_of"),
    ("items of the period", "reconciliation.runs.reading", "concerning"),
    ("explaining", "reconciliation.runs.working", "explain"),
    ("items to open and close", "reconciliation.runs.working", "item_changes"),
    ("known discrepancies", "reconciliation.runs.discrepancies", "known_discrepancies"),
    ("triage", "reconciliation.runs.triage", "decide"),
    ("totals", "reconciliation.runs.preparing", "figures"),
    ("writing items", "reconciliation.runs.execution", "write_items"),
    ("writing discrepancies", "reconciliation.runs.discrepancies", "store"),
    ("open discrepancies read back", "reconciliation.runs.execution", "open_discrepancies"),
    ("report", "reconciliation.runs.execution", "end_run"),
    ("action log", "reconciliation.action_log", "write"),
    ("log of a run of parts", "reconciliation.action_log", "write_rows"),
)
OTHER: Final = "everything else, the commit too"
MEANWHILE: Final = "(while items are written)"


class _Clock:
    """Adds up seconds by stage; time spent in an inner stage is not the outer one's."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.meanwhile: dict[str, float] = {}
        self._inner: dict[int, list[float]] = defaultdict(lambda: [0.0])
        self._main = threading.get_ident()

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, with its time counted for `stage`."""

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            thread = threading.get_ident()
            seconds = self.seconds if thread == self._main else self.meanwhile
            begun, inner = time.perf_counter(), self._inner[thread]
            inner.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.perf_counter() - begun
                seconds[stage] = seconds.get(stage, 0.0) + whole - inner.pop()
                inner[-1] += whole

        return wrapper


@contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """Times the stages of every run inside the block: seconds by stage, complete when the block ends.

    Raises AttributeError when a stage's function is not where STAGES says.
    """
    clock = _Clock()
    originals = [(import_module(module), name) for _stage, module, name in STAGES]
    functions = [getattr(module, name) for module, name in originals]
    begun = time.perf_counter()
    try:
        for (stage, _module, _name), (module, name), function in zip(STAGES, originals, functions, strict=True):
            setattr(module, name, clock.timed(stage, function))
        yield clock.seconds
    finally:
        for (module, name), function in zip(originals, functions, strict=True):
            setattr(module, name, function)
        whole = time.perf_counter() - begun
        clock.seconds[OTHER] = whole - sum(clock.seconds.values())
        clock.seconds |= {f"{stage} {MEANWHILE}": seconds for stage, seconds in clock.meanwhile.items()}
