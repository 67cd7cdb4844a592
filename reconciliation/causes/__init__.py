"""Causes of an organization's open discrepancies: looked for after runs, stored, read with what is open of them now."""

from .asking import ask, ask_where_stale, stale
from .figures import CauseFigures, figures, top_causes, visible_causes
from .finding import look_for

__all__ = [
    "CauseFigures",
    "ask",
    "ask_where_stale",
    "figures",
    "look_for",
    "stale",
    "top_causes",
    "visible_causes",
]
