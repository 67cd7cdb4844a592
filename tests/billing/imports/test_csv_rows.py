"""Reading a CSV file: what is accepted, and where a broken file is broken."""

import hashlib
import io

import pytest

from billing.imports.csv_rows import LINE_LIMIT, FileUnreadable, Problem, Row, open_csv


def rows_of(content: bytes) -> list[Row]:
    return list(open_csv(io.BytesIO(content), required=["a", "b"]).rows)


def broken(content: bytes) -> Problem:
    with pytest.raises(FileUnreadable) as caught:
        rows_of(content)
    return caught.value.problem


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a;b\r\n1;2\r\n",
        b'"a","b"\n"1","2"',
        b" a , b \n1,2\n",
    ],
    ids=["plain", "byte order mark", "semicolons and CRLF", "quoted, no last line end", "blanks in header"],
)
def test_what_spreadsheets_write_is_read(content: bytes) -> None:
    assert rows_of(content) == [Row(2, ["1", "2"])]


def test_blank_rows_are_skipped_but_counted() -> None:
    assert [row.number for row in rows_of(b"a,b\n\n1,2\n,\n \n3,4\n")] == [3, 6]


def test_a_line_break_in_a_quoted_cell_does_not_shift_row_numbers() -> None:
    assert rows_of(b'a,b\n"1\n1",2\n3,4\n') == [Row(2, ["1\n1", "2"]), Row(3, ["3", "4"])]


def test_the_digest_is_that_of_the_whole_file() -> None:
    content = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
    opened = open_csv(io.BytesIO(content), required=["a", "b"])
    list(opened.rows)
    assert opened.digest.hexdigest() == hashlib.sha256(content).hexdigest()


def test_an_error_column_of_rejected_rows_is_let_through() -> None:
    assert rows_of(b"a,b,error\n1,2,too late\n") == [Row(2, ["1", "2", "too late"])]


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        (b"", 1, "empty"),
        (b"\n", 1, "empty"),
        (b"a,b\n\xe9,2\n", 2, "not UTF-8 (byte 0xE9 at position 1"),
        ("a,b\n1,2\n".encode("utf-16"), 1, "UTF-16"),
        (b"a,b\n1,2\n1,\x00\n", 3, "NUL byte"),
        (b'a,b\n1,2\n"3,4\n5,6\n', 3, "never closed"),
        (b'a,b\n"1"x,2\n', 2, "not doubled"),
        (b"a,b\n1,2\r3,4\n", 2, "carriage return"),
        (b"a,b\n" + b"1" * (LINE_LIMIT + 1), 2, "longer than 1 MiB"),
        (b'a,b\n"' + b"1,2\n" * 100_000, 2, "never closed"),
    ],
)
def test_a_broken_file_is_refused_with_its_row(content: bytes, row: int, words: str) -> None:
    problem = broken(content)
    assert problem.row == row
    assert words in problem.message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"a\n", "Missing columns: b."),
        (b"a,b,c,\n", "Unknown columns: c, (no name)."),
        (b"a,b,a\n", "Columns named twice: a."),
        (b"A,b\n", "Missing columns: a. Unknown columns: A."),
    ],
)
def test_a_header_that_does_not_fit_names_the_columns(header: bytes, words: str) -> None:
    assert broken(header).message == f"{words} Expected: a,b."


@pytest.mark.parametrize(
    ("header", "words"),
    [(b"a\n", "Missing columns: x or y."), (b"a,x,y\n", "Give only one of: x / y.")],
)
def test_one_of_two_alternative_columns_must_be_given(header: bytes, words: str) -> None:
    with pytest.raises(FileUnreadable, match=words):
        open_csv(io.BytesIO(header), required=["a"], alternatives=[("x", "y")])


def test_ragged_rows_name_row_and_column() -> None:
    short, long = rows_of(b"a,b\n1\n1,2,3,4\n")
    assert (short.problem and short.problem.row, short.problem and short.problem.column) == (2, "b")
    assert long.problem is not None
    assert (long.problem.row, long.problem.column, long.problem.value) == (3, "cell 3", "3, 4")
