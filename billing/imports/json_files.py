"""Files of JSON records in any of the shapes they are exported in, read one record at a time.

- one object a line (JSON Lines), in flat memory;
- a list of objects, in flat memory; also Stripe's list envelope `{"object": "list", "data": […]}`;
- objects keyed by id or name, also in named collections: `{"charges": {"ch_1": {…}}, "refunds": {…}}`;
- a single object.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Final

from django.utils.translation import gettext as _

from billing.strict_json import BadJson, decode_next, loads, storable

PIECE: Final = 1024 * 1024
# A record larger than this is a broken file; without a limit the rest of it would be gathered in memory.
LARGEST_RECORD: Final = 64 * PIECE
_GAP: Final = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Found:
    """One record of a file, or what is wrong in its place.

    `number` is its line or position, `key` its name if it has one.
    """

    number: int
    key: str
    item: Any = None
    fault: str = ""


@dataclass(slots=True)
class JsonFile:
    """An open file that knows the digest of what has been read of it."""

    file: BinaryIO
    digest: Any = field(default_factory=hashlib.sha256)

    def line(self) -> bytes:
        """The next line; empty at the end."""
        return self._seen(self.file.readline(LARGEST_RECORD))

    def piece(self, size: int = PIECE) -> bytes:
        """The next bytes; empty at the end."""
        return self._seen(self.file.read(size))

    def _seen(self, data: bytes) -> bytes:
        self.digest.update(data)
        return data

    def records(self) -> Iterator[Found]:
        """The records, with a `fault` where one cannot be read; a file broken as a whole ends with one fault."""
        number, first = 1, self.line().removeprefix(codecs.BOM_UTF8)
        while first and not first.strip():
            number, first = number + 1, self.line()
        if not first:
            yield Found(0, "", fault=_("The file is empty."))
        elif first.lstrip().startswith(b"["):
            yield from self._listed(first)
        elif _is_record(first):
            yield from self._lines(number, first)
        else:
            yield from self._document(first)

    def _lines(self, number: int, first: bytes) -> Iterator[Found]:
        for place, line in enumerate(chain([first], iter(self.line, b"")), start=number):
            if line.strip():
                try:
                    yield Found(place, "", loads(line))
                except BadJson as error:
                    yield Found(place, "", fault=str(error))

    def _document(self, first: bytes) -> Iterator[Found]:
        try:
            whole = loads(first + b"".join(iter(self.piece, b"")))
        except BadJson as error:
            yield Found(0, "", fault=str(error))
            return
        for number, (key, item) in enumerate(_entries(whole), start=1):
            known = isinstance(item, dict)
            yield Found(number, key, item if known else None, "" if known else _("This is no JSON object."))

    def _listed(self, first: bytes) -> Iterator[Found]:
        """Elements of a top-level list, decoded as they come."""
        decode = codecs.getincrementaldecoder("utf-8")()
        number = 0
        try:
            text, at, opened = decode.decode(first), 0, True
            at = text.index("[") + 1
            while True:
                text, at = self._fill(text, at, decode)
                mark = text[at : at + 1]
                if mark == "]":
                    self._nothing_follows(text[at + 1 :], decode)
                    return
                at = at if opened else _after_comma(text, at)
                item, text, at = self._element(text, at, decode)
                number, opened = number + 1, False
                yield Found(number, "", storable(item))
        except BadJson as error:
            yield Found(number + 1, "", fault=str(error))
        except UnicodeDecodeError:
            yield Found(number + 1, "", fault=_("The text is not UTF-8."))

    def _fill(self, text: str, at: int, decode: codecs.IncrementalDecoder) -> tuple[str, int]:
        """`text` from `at` on, past white space, with at least one character to come."""
        while True:
            gap = _GAP.match(text, at)
            at = gap.end() if gap else at
            if at < len(text):
                return text, at
            piece = self.piece()
            if not piece:
                raise BadJson(_("The file ends inside the list: “]” is missing."))
            text, at = decode.decode(piece), 0

    def _element(self, text: str, at: int, decode: codecs.IncrementalDecoder) -> tuple[Any, str, int]:
        while True:
            text, at = self._fill(text, at, decode)
            try:
                item, end = decode_next(text, at)
            except BadJson:
                piece = self.piece(max(PIECE, len(text) - at))
                if not piece or len(text) - at > LARGEST_RECORD:
                    raise
                text, at = text[at:] + decode.decode(piece), 0
                continue
            return item, text, end

    def _nothing_follows(self, rest: str, decode: codecs.IncrementalDecoder) -> None:
        while True:
            if rest.strip():
                raise BadJson(_("There is more text after the end of the list."))
            piece = self.piece()
            if not piece:
                return
            rest = decode.decode(piece)


def _after_comma(text: str, at: int) -> int:
    if text[at] != ",":
        raise BadJson(_("A comma is missing between two records of the list."))
    return at + 1


def _is_record(line: bytes) -> bool:
    """Whether a line is one whole record of its own: then so are the following lines."""
    try:
        first = loads(line)
    except BadJson:
        return False
    return isinstance(first, dict) and isinstance(first.get("object"), str) and first["object"] != "list"


def _entries(whole: Any) -> Iterator[tuple[str, Any]]:
    """Records of a whole document with their keys."""
    if isinstance(whole, dict) and not isinstance(whole.get("object"), str):
        for name, value in whole.items():
            yield from ((name if not key else f"{name}.{key}", item) for key, item in _entries_of(value))
        return
    yield from _entries_of(whole)


def _entries_of(value: Any) -> Iterator[tuple[str, Any]]:
    """A record itself, or the records of a collection of them."""
    if isinstance(value, dict) and value.get("object") == "list" and isinstance(value.get("data"), list):
        value = value["data"]
    if isinstance(value, list):
        yield from ((str(number), item) for number, item in enumerate(value, start=1))
    elif isinstance(value, dict) and not isinstance(value.get("object"), str):
        yield from value.items()
    else:
        yield "", value
