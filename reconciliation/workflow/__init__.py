"""The workflow of discrepancies: one table of steps, one function a step, two people for what matters."""

from .checks import can, check_can, next_steps
from .codes import BY_CODE, CODES, codes_for
from .matches import match, undo_match, unmatch
from .refusals import (
    InvalidStep,
    NotAllowed,
    OwnProposal,
    StaleDiscrepancy,
    StepRefused,
    UnknownDiscrepancy,
    WrongState,
)
from .resolving import approve, close, dismiss_duplicate, propose, reject, requeue, revise, withdraw
from .transitions import BY_ACTION, TRANSITIONS, Transition
from .triaging import acknowledge, annotate, assign, mark_investigated

__all__ = [
    "BY_ACTION",
    "BY_CODE",
    "CODES",
    "TRANSITIONS",
    "InvalidStep",
    "NotAllowed",
    "OwnProposal",
    "StaleDiscrepancy",
    "StepRefused",
    "Transition",
    "UnknownDiscrepancy",
    "WrongState",
    "acknowledge",
    "annotate",
    "approve",
    "assign",
    "can",
    "check_can",
    "close",
    "codes_for",
    "dismiss_duplicate",
    "mark_investigated",
    "match",
    "next_steps",
    "propose",
    "reject",
    "requeue",
    "revise",
    "undo_match",
    "unmatch",
    "withdraw",
]
