"""Comparisons: each names its two sides, its passes and its findings."""

from . import payments
from .base import Comparison

COMPARISONS: dict[str, Comparison] = {payments.COMPARISON.name: payments.COMPARISON}
