"""Runs too large for one process: cut into parts by the hash of a key, worked by one or several processes, resumed."""

from .joining import execute_parts, join
from .parts import parts_free
from .working import parts_needed, started

__all__ = ["execute_parts", "join", "parts_free", "parts_needed", "started"]
