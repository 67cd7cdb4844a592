"""The action log: append sealed batches, verify the chain, keep checkpoints outside."""

from .appending import Entry, append
from .chain import Finding
from .rows import Progress
from .snapshots import snapshot
from .verification import OrganizationLog, Verification, verify

__all__ = ["Entry", "Finding", "OrganizationLog", "Progress", "Verification", "append", "snapshot", "verify"]
