"""JSON from outside, read strictly and made storable: what one database accepts, the other accepts, unchanged.

PostgreSQL's jsonb takes no NUL and no lone surrogates, SQLite no deep nesting, and neither NaN. Text with such
characters is kept with U+FFFD in their place (refusing it would lose an event for good); the rest is no JSON and is
refused.
"""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from django.utils.translation import gettext as _

MAX_DEPTH: Final = 100
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class BadJson(ValueError):
    """Text that is no JSON, or JSON that cannot be stored; `str()` of it is written for people."""


def loads(raw: bytes | str) -> Any:
    """The value of a JSON document, storable on every database; raises `BadJson`."""
    with _faults_named():
        return storable(_DECODER.decode(raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw))


def decode_next(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that starts at `at` and where it ends; not yet `storable`. Raises `BadJson`."""
    with _faults_named(placed=False):
        return _DECODER.raw_decode(text, at)


@contextmanager
def _faults_named(*, placed: bool = True) -> Iterator[None]:
    """Faults as `BadJson`; `placed`: the place in the text is one in the document, and worth telling."""
    try:
        yield
    except BadJson:
        raise
    except UnicodeDecodeError as error:
        raise BadJson(_("The text is not UTF-8 (byte %(at)d).") % {"at": error.start}) from error
    except json.JSONDecodeError as error:
        values = {"line": error.lineno, "column": error.colno, "what": error.msg}
        text = (
            _("This is not JSON: %(what)s (line %(line)d, column %(column)d).")
            if placed
            else _("This is not JSON: %(what)s.")
        )
        raise BadJson(text % values) from error
    except RecursionError as error:
        raise BadJson(_too_deep()) from error
    except ValueError as error:  # integers of more digits than the interpreter reads
        raise BadJson(_("A number is too long to be read.")) from error


def storable(value: Any, depth: int = 0) -> Any:
    """`value` with unstorable characters replaced and whole floats as integers, as a jsonb column returns them."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value) if _UNSTORABLE.search(value) else value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadJson(_("A number is too large to be stored."))
        return int(value) if value.is_integer() else value
    if not isinstance(value, dict | list):
        return value
    if depth >= MAX_DEPTH:
        raise BadJson(_too_deep())
    if isinstance(value, list):
        return [storable(one, depth + 1) for one in value]
    return {storable(key): storable(one, depth + 1) for key, one in value.items()}


def canonical(value: Any) -> str:
    """One text per JSON value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _no_constant(name: str) -> NoReturn:
    raise BadJson(_("This is not JSON: %(name)s is no number there.") % {"name": name})


def _too_deep() -> str:
    return _("The JSON is nested more than %(limit)d levels deep.") % {"limit": MAX_DEPTH}


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
