"""Comparisons: each names its two sides, its passes and its findings."""

from . import payments, payouts, statements
from .base import Comparison

COMPARISONS: dict[str, Comparison] = {each.COMPARISON.name: each.COMPARISON for each in (payments, payouts, statements)}
