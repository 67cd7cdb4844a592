"""How log rows are hashed, chained and anchored outside the database. Pure; the same bytes on every database.

A *leaf* is one log row. A *seal* covers the ordered leaves of one batch and the seal before it, so the seals of an
organization form a chain. A *checkpoint* is the end of such a chain, kept outside under a key the database never sees.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NamedTuple

LEAF_FORMAT = "tieout-leaf-1"
SEAL_FORMAT = "tieout-seal-1"
CHECKPOINT_FORMAT = "tieout-checkpoint-1"
DIGEST_SIZE = 32
NO_SEAL = ""
"""`previous_hash` of an organization's first seal."""

WRONG_TYPE = "A log row holds text, whole numbers, true, false, null, lists and objects; {path} is {what}."
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class UnsealableError(ValueError):
    """A value with no single spelling on every database; the message names where it is."""


class Leaf(NamedTuple):
    """One log row as it is hashed: `before` and `after` as canonical JSON text, `at` as `canonical_time` gives it."""

    organization_id: int
    batch: str
    position: int
    row_id: int
    action: str
    discrepancy_id: int | None
    run_id: int | None
    item_id: int | None
    before: str
    after: str
    actor: str
    actor_user_id: int | None
    reason: str
    request_id: str
    at: str


class Seal(NamedTuple):
    """What a seal's hash covers: `total` counts all rows up to and with this seal, `previous` is the hash before it."""

    organization_id: int
    number: int
    batch: str
    rows: int
    total: int
    leaves_hash: str
    previous: str
    sealed_at: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The end of an organization's chain at `time` (ISO, UTC); number 0 and an empty hash for a log still empty.

    `marks` are (number, hash) of earlier seals, evenly spread: they narrow down where a re-hashed log was rewritten.
    """

    organization_id: int
    organization: str
    number: int
    total: int
    hash: str
    time: str
    marks: tuple[tuple[int, str], ...] = ()


class BadCheckpointError(ValueError):
    """A checkpoint document that cannot be believed; the message says why."""


def canonical_json(value: object) -> str:
    """`value` as JSON text with sorted keys, no spaces and unescaped letters. Raises ValueError for NaN, TypeError."""
    return _encode(value)


def canonical_time(moment: datetime) -> str:
    """An aware time as ISO text in UTC with microseconds. Raises UnsealableError for a time without a zone."""
    if moment.tzinfo is None:
        raise UnsealableError(f"A log time needs a time zone, and {moment.isoformat()} has none.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def require_sealable(value: object, path: str) -> None:
    """Raise UnsealableError unless `value` reads back from every database just as it was written.

    Floats are refused since databases spell them differently (1e16 comes back from PostgreSQL as an integer); NUL and
    lone surrogates since PostgreSQL cannot store them.
    """
    if value is None or isinstance(value, bool | int):
        return
    if isinstance(value, str):
        _require_text(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise UnsealableError(WRONG_TYPE.format(path=f"a key of {path}", what=f"{type(key).__name__}"))
            _require_text(key, f"a key of {path}")
            require_sealable(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            require_sealable(inner, f"{path}[{index}]")
    else:
        raise UnsealableError(WRONG_TYPE.format(path=path, what=f"{type(value).__name__}"))


def _require_text(value: str, path: str) -> None:
    if "\x00" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise UnsealableError(f"{path} holds a character no database can store (NUL or half of a surrogate pair).")


def leaf_digest(leaf: Leaf) -> bytes:
    """SHA-256 of one row, 32 bytes. Raises TypeError or ValueError for values no honest row holds."""
    return hashlib.sha256(_encode((LEAF_FORMAT, *leaf)).encode()).digest()


def leaves_hash(digests: bytes) -> str:
    """SHA-256 (hex) of the concatenated 32-byte digests of a batch, in order."""
    return hashlib.sha256(digests).hexdigest()


def seal_hash(seal: Seal) -> str:
    """SHA-256 (hex) of everything a seal says."""
    return hashlib.sha256(_encode((SEAL_FORMAT, *seal)).encode()).hexdigest()


def _signature(checkpoints: Iterable[Checkpoint], key: str) -> str:
    message = _encode((CHECKPOINT_FORMAT, [asdict(checkpoint) for checkpoint in checkpoints])).encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def sign_checkpoints(checkpoints: Sequence[Checkpoint], key: str) -> dict[str, object]:
    """The document to keep outside the database: the checkpoints and their HMAC-SHA256 under `key`."""
    return {
        "format": CHECKPOINT_FORMAT,
        "checkpoints": [asdict(checkpoint) for checkpoint in checkpoints],
        "hmac": _signature(checkpoints, key),
    }


def read_checkpoints(document: object, key: str) -> list[Checkpoint]:
    """The checkpoints of a signed document. Raises BadCheckpointError for a wrong form or signature under `key`."""
    if not isinstance(document, dict) or document.get("format") != CHECKPOINT_FORMAT:
        raise BadCheckpointError("This is not a checkpoint of the action log.")
    try:
        checkpoints = [
            Checkpoint(**{**entry, "marks": tuple((number, digest) for number, digest in entry["marks"])})
            for entry in document["checkpoints"]
        ]
        signed = hmac.compare_digest(_signature(checkpoints, key).encode(), document["hmac"].encode())
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadCheckpointError("The checkpoint is incomplete or its fields are not what they should be.") from None
    if not signed:
        raise BadCheckpointError("The checkpoint was changed, or it was signed with another key.")
    return checkpoints
