"""The action log: append sealed batches, verify the chain, keep checkpoints outside, check all of it every night."""

from .appending import Batch, Entry, Unsealed, append, prepare, seal, write, write_rows
from .chain import Finding
from .checkpoints import CheckpointTrouble, read_checkpoint_file, require_key, write_checkpoint_file
from .nightly import Outside, check_log, newest_checks
from .rows import Progress
from .snapshots import snapshot
from .verification import OrganizationLog, Verification, verify

__all__ = [
    "Batch",
    "CheckpointTrouble",
    "Entry",
    "Finding",
    "OrganizationLog",
    "Outside",
    "Progress",
    "Unsealed",
    "Verification",
    "append",
    "check_log",
    "newest_checks",
    "prepare",
    "read_checkpoint_file",
    "require_key",
    "seal",
    "snapshot",
    "verify",
    "write",
    "write_checkpoint_file",
    "write_rows",
]
