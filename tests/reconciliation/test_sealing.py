"""Hashing and anchoring of log rows: pure, and the same bytes wherever they are computed."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.core.sealing import (
    BadCheckpointError,
    Checkpoint,
    Leaf,
    Seal,
    UnsealableError,
    canonical_json,
    canonical_time,
    leaf_digest,
    leaves_hash,
    read_checkpoints,
    require_sealable,
    seal_hash,
    sign_checkpoints,
)

LEAF = Leaf(
    1,
    "ab" * 16,
    0,
    5,
    "opened",
    7,
    None,
    None,
    "{}",
    '{"a":1}',
    "run:7",
    None,
    "",
    "",
    "2026-03-01T00:00:00.000000+00:00",
)
CHECKPOINTS = [Checkpoint(1, "acme", 3, 40, "f" * 64, "2026-03-01T00:00:00.000000+00:00", ((1, "a" * 64),))]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=10,
)


def test_the_hashes_of_a_known_row_and_seal_never_change() -> None:
    """A change here makes every log written before unverifiable: it needs a new format, not new expectations."""
    assert leaf_digest(LEAF).hex() == "f1d3e83bb97878d6612611b2c22f17e9d48010af0c6914aad00fd335682836c7"
    seal = Seal(1, 1, "ab" * 16, 1, 1, leaves_hash(leaf_digest(LEAF)), "", "2026-03-01T00:00:00.000000+00:00")
    assert seal_hash(seal) == "c71438f44606998123e17995b2097cc3944417339083a7b22d4857dc07800639"


def test_json_has_one_spelling_whatever_the_order_of_keys() -> None:
    assert canonical_json({"b": [1, None, True], "a": "é"}) == '{"a":"é","b":[1,null,true]}'


def test_a_time_has_one_spelling_whatever_its_zone() -> None:
    paris = timezone(timedelta(hours=1))
    assert canonical_time(datetime(2026, 3, 1, 1, 0, tzinfo=paris)) == "2026-03-01T00:00:00.000000+00:00"
    assert canonical_time(datetime(2026, 3, 1, 0, 0, 0, 7, tzinfo=UTC)) == "2026-03-01T00:00:00.000007+00:00"


@pytest.mark.parametrize("field", Leaf._fields)
def test_every_field_of_a_row_is_covered_by_its_hash(field: str) -> None:
    value = getattr(LEAF, field)
    changed: dict[str, Any] = {field: f"{value}x" if isinstance(value, str) else (value or 0) + 1}
    assert leaf_digest(LEAF._replace(**changed)) != leaf_digest(LEAF)


def test_nothing_and_empty_text_differ() -> None:
    assert leaf_digest(LEAF._replace(request_id="")) != leaf_digest(LEAF._replace(request_id=None))  # type: ignore[arg-type]


def test_text_cannot_slide_from_one_field_into_the_next() -> None:
    one, other = LEAF._replace(reason="ab", request_id="c"), LEAF._replace(reason="a", request_id="bc")
    assert leaf_digest(one) != leaf_digest(other)


@pytest.mark.parametrize("field", Seal._fields)
def test_every_field_of_a_seal_is_covered_by_its_hash(field: str) -> None:
    seal = Seal(1, 2, "ab" * 16, 3, 5, "c" * 64, "d" * 64, "2026-03-01T00:00:00.000000+00:00")
    value = getattr(seal, field)
    changed: dict[str, Any] = {field: value + 1 if isinstance(value, int) else f"{value}x"}
    assert seal_hash(seal._replace(**changed)) != seal_hash(seal)


@given(json_values)
def test_what_may_be_sealed_survives_being_written_and_read(value: object) -> None:
    require_sealable(value, "value")
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)
    canonical_json(value).encode()


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"x", {1: 2}, datetime(2026, 3, 1, tzinfo=UTC), {"a": [{"b": {1}}]}]
)
def test_what_databases_spell_differently_may_not_be_sealed(value: object) -> None:
    with pytest.raises(UnsealableError, match="value"):
        require_sealable(value, "value")


def test_a_signed_checkpoint_is_read_back_as_it_was() -> None:
    assert read_checkpoints(sign_checkpoints(CHECKPOINTS, "key"), "key") == CHECKPOINTS


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", 2), ("total", 41), ("hash", "e" * 64), ("time", "x"), ("organization_id", 2), ("marks", [])],
)
def test_a_checkpoint_that_was_changed_is_refused(field: str, value: object) -> None:
    document = sign_checkpoints(CHECKPOINTS, "key")
    document["checkpoints"] = [{**entry, field: value} for entry in document["checkpoints"]]  # type: ignore[attr-defined]
    with pytest.raises(BadCheckpointError, match="changed, or it was signed with another key"):
        read_checkpoints(document, "key")


def test_a_checkpoint_signed_with_another_key_is_refused() -> None:
    with pytest.raises(BadCheckpointError, match="another key"):
        read_checkpoints(sign_checkpoints(CHECKPOINTS, "key"), "other")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"format": "other"},
        {"format": "tieout-checkpoint-1"},
        {"format": "tieout-checkpoint-1", "checkpoints": [{}], "hmac": ""},
        {"format": "tieout-checkpoint-1", "checkpoints": 3, "hmac": ""},
        {"format": "tieout-checkpoint-1", "checkpoints": [], "hmac": None},
        {"format": "tieout-checkpoint-1", "checkpoints": [], "hmac": "é"},
    ],
)
def test_a_document_that_is_no_checkpoint_is_refused(document: object) -> None:
    with pytest.raises(BadCheckpointError):
        read_checkpoints(document, "key")
