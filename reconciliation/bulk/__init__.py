"""Bulk actions: freeze, look, confirm, work, keep the result."""

from .confirming import TYPE_ABOVE, BulkRefused, PreviewChanged, confirm, drop, go_on, may_act
from .freezing import freeze, retry, visible_bulk
from .job import work_bulk
from .working import work_chunk

__all__ = [
    "TYPE_ABOVE",
    "BulkRefused",
    "PreviewChanged",
    "confirm",
    "drop",
    "freeze",
    "go_on",
    "may_act",
    "retry",
    "visible_bulk",
    "work_bulk",
    "work_chunk",
]
