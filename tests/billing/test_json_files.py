"""Files of JSON records in every shape."""

import hashlib
import io
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.imports.json_files import PIECE, Found, JsonFile

ONE, TWO = {"object": "charge", "id": "ch_1"}, {"object": "refund", "id": "re_1"}


def read(text: str | bytes) -> list[Found]:
    return list(JsonFile(io.BytesIO(text if isinstance(text, bytes) else text.encode())).records())


def seen(text: str | bytes) -> list[tuple[int, str, Any]]:
    found = read(text)
    assert [one.fault for one in found] == [""] * len(found)
    return [(one.number, one.key, one.item) for one in found]


def test_one_object_a_line_keeps_its_line_number() -> None:
    text = f"\n{json.dumps(ONE)}\n\n  {json.dumps(TWO)}  \r\n"
    assert seen(text) == [(2, "", ONE), (4, "", TWO)]
    assert seen(b"\xef\xbb\xbf" + json.dumps(ONE).encode()) == [(1, "", ONE)]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_list_is_read_element_by_element(indent: int | None) -> None:
    assert seen(json.dumps([ONE, TWO], indent=indent)) == [(1, "", ONE), (2, "", TWO)]
    assert seen("[]") == []
    assert seen(" [\n] \n") == []


def test_a_list_longer_than_a_piece_is_read_whole() -> None:
    rng = random.Random(5)
    items = [ONE | {"n": n, "text": "ü" * rng.randrange(4_000)} for n in range(700)]
    text = json.dumps(items, ensure_ascii=False)
    assert len(text.encode()) > 2 * PIECE
    assert [item for _, _, item in seen(text)] == items


def test_stripes_list_envelope_is_a_list() -> None:
    assert seen(json.dumps({"object": "list", "data": [ONE, TWO]})) == [(1, "1", ONE), (2, "2", TWO)]


@pytest.mark.parametrize("indent", [None, 2])
def test_objects_keyed_by_name_keep_their_names(indent: int | None) -> None:
    assert seen(json.dumps({"a": ONE, "b": TWO}, indent=indent)) == [(1, "a", ONE), (2, "b", TWO)]


def test_named_collections_are_read_through() -> None:
    text = json.dumps({"charges": {"ch_1": ONE}, "refunds": [TWO], "empty": {}})
    assert seen(text) == [(1, "charges.ch_1", ONE), (2, "refunds.1", TWO)]


def test_a_single_object_is_one_record() -> None:
    assert seen(json.dumps(ONE)) == [(1, "", ONE)]
    assert seen(json.dumps(ONE, indent=2)) == [(1, "", ONE)]


@pytest.mark.parametrize(
    ("text", "number", "part"),
    [
        ("", 0, "empty"),
        ("\n \n", 0, "empty"),
        (json.dumps(ONE) + "\n{broken\n", 2, "not JSON"),
        (json.dumps(ONE) + '\n{"a": NaN}', 2, "NaN"),
        ("[" + json.dumps(ONE), 2, "“]” is missing"),
        ("[" + json.dumps(ONE) + ", {broken]", 2, "not JSON"),
        ("[" + json.dumps(ONE) + json.dumps(TWO) + "]", 2, "comma"),
        ("[" + json.dumps(ONE) + ",]", 2, "not JSON"),
        ("[" + json.dumps(ONE) + "] tail", 2, "more text"),
        ("{", 0, "not JSON"),
        ("hello", 0, "not JSON"),
        ('{"a": 1}', 1, "no JSON object"),
        ('{"a": {"b": 1}}', 1, "no JSON object"),
        ("[" * 200_000, 1, "nested"),
        (b"\xff\xfe", 0, "UTF-8"),
        (b'["\xff"]', 1, "UTF-8"),
    ],
)
def test_a_fault_is_named_in_its_place(text: str | bytes, number: int, part: str) -> None:
    last = read(text)[-1]
    assert last.number == number
    assert part in last.fault


def test_the_digest_is_that_of_the_file() -> None:
    for text in (json.dumps([ONE, TWO]), json.dumps(ONE) + "\n", json.dumps({"a": ONE})):
        source = JsonFile(io.BytesIO(text.encode()))
        list(source.records())
        assert source.digest.hexdigest() == hashlib.sha256(text.encode()).hexdigest()


@given(
    st.binary(max_size=60)
    | st.text("[]{},:\"' \n1eNaT\\u0\ud800", max_size=40).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes_are_records_or_faults(data: bytes) -> None:
    for one in read(data):
        assert one.fault or one.item is not None or one.number


@given(st.lists(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6), max_size=3), max_size=6))
def test_a_list_reads_as_python_reads_it(items: list[dict[str, Any]]) -> None:
    text = json.dumps(items).replace("\\u0000", "0").replace("\\ud", "u")
    assert [one.item for one in read(text)] == json.loads(text)
