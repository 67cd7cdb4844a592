"""What a comparison is."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import Model, QuerySet

from billing.models import Organization
from reconciliation.core.cases import Finding
from reconciliation.core.findings import FINDINGS, Find
from reconciliation.core.matching import Matched
from reconciliation.core.parameters import Parameters
from reconciliation.core.passes import KeyPass, WindowPass


@dataclass(frozen=True)
class Scope:
    """Which records a run looks at: those of `[start, end)`, and the identities that open results of the period
    name.
    """

    start: datetime
    end: datetime
    left_ids: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int64))
    right_ids: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int64))


@dataclass(frozen=True)
class Seeds:
    """Where an incremental run starts: per side, identities that changed, or were compared with one that did."""

    ids: dict[str, pl.Series]


@dataclass(frozen=True)
class Sides:
    """Both sides as frames of core.schema.SIDE; the right one may carry `fee`, `refunded`, `provider`, `latest`
    besides.
    """

    left: pl.DataFrame
    right: pl.DataFrame
    gone: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Int64))  # right identities that left the side
    together: pl.DataFrame | None = None  # pairs (left_id, right_id) people matched
    apart: pl.DataFrame | None = None  # pairs people keep apart


@dataclass(frozen=True)
class Stored:
    """Open items of a run's period, and identities (per side) that open items elsewhere name."""

    items: QuerySet[Any, Any]
    left_ids: pl.Series
    right_ids: pl.Series


@dataclass(frozen=True)
class Sharding:
    """How a comparison is cut into parts when a run is too large for one process. Frames are those of a side.

    `size`: how many records a run looks at, at most (counted only where there may be the given number). `pieces`: the
    rows of a side around the period, each once. `outside`: everything else the run must read. `companions`: right rows
    that must also be known where their parent is. `marks`: per right row a hash of what makes a family (`family`: its
    members are decided together) and of what makes a likeness (`like`), each with `id`. `prepare`: left, right and
    companions of a part made ready for the first pass; `finish`: what remains of the right side, for the rest.
    `decided`: pairs matched, and kept apart, by people.
    """

    size: Callable[[Organization, datetime, datetime, Callable[[], Parameters], int], int]
    pieces: Callable[[Organization, str, Scope, Parameters], Generator[pl.DataFrame, None, None]]
    outside: Callable[[Organization, Scope, Parameters, Stored], dict[str, pl.DataFrame]]
    companions: Callable[[pl.DataFrame], pl.DataFrame]
    marks: Callable[[pl.DataFrame], dict[str, pl.DataFrame]]
    prepare: Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame, Parameters], tuple[pl.DataFrame, pl.DataFrame]]
    finish: Callable[[Organization, pl.DataFrame], pl.DataFrame]
    decided: Callable[[Organization], tuple[pl.DataFrame, pl.DataFrame]]


@dataclass(frozen=True)
class Comparison:
    """Two sides of the same money and how they are laid next to each other."""

    name: str
    members: Callable[
        [Organization, str, datetime, datetime], QuerySet[Any, Any]
    ]  # identities of a side in [start, end)
    load: Callable[[Organization, Scope, Parameters], Sides]
    connected: Callable[[Organization, Seeds, Parameters], Sides]
    sources: dict[str, str]  # the journal's name of a source → side
    imported: Callable[[str, list[int]], QuerySet[Any, Any]]  # identities of a side that imports wrote
    parameters: Callable[[Organization, datetime, datetime, datetime], Parameters]
    first: KeyPass
    passes: tuple[KeyPass | WindowPass, ...]
    identities: tuple[type[Model], type[Model]] | None = None  # both sides' models, where people may match by hand
    finders: tuple[Find, ...] = FINDINGS  # what may be found about an item
    told: Callable[[Organization, datetime, datetime], dict[str, Any]] | None = None  # more for the report of a period
    one_identity: bool = False  # one identity names both sides: what changed, changed on both
    # The journal's name of a source that is no side itself → the identities of the sides it ties.
    reached: dict[str, Callable[[Organization, pl.Series], dict[str, pl.Series]]] = field(default_factory=dict)
    match: Callable[[Sides, Parameters], Matched] | None = None  # instead of passes
    explain: Callable[[Organization, pl.DataFrame, Sides, Parameters], list[Finding]] | None = None  # of finders
    sharding: Sharding | None = None  # None: runs are never cut into parts
