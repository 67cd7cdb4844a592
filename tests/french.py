"""English that is left on a page in French."""

import re
from functools import cache
from html.parser import HTMLParser

from django.conf import settings

from config.catalogues import catalogue_path, read_catalogue

SPOKEN = ("title", "placeholder", "aria-label", "alt")
UNREAD = {"script", "style", "code", "pre", "svg"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# Words that carry English sentences and that French does not have.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|were|with|this|that|these|from|your|you|not|have|has|been|by|to|for|which|when|can)\b",
    re.IGNORECASE,
)


class Words(HTMLParser):
    """Collects what a page says: its texts, and what is told of its pictures and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[bool] = []  # for each open element, whether it is read out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        unread = tag in UNREAD or "material-symbols" in values.get("class", "") or "data-stored" in values
        unread = unread or values.get("lang", "fr") not in ("fr", "")
        if tag == "code" or (tag == "a" and values.get("class") == "brand"):
            unread = True
        self.found += [values[name] for name in SPOKEN if name in values and not unread]
        if tag == "input" and values.get("type") in ("submit", "button"):
            self.found.append(values.get("value", ""))
        if tag not in VOID:
            self.inside.append(unread)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.inside):
            self.found.append(data)


@cache
def english_texts() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Every text of ours that French says otherwise: those without blanks to fill in, and patterns of the others."""
    plain, patterns = set(), []
    for message in read_catalogue(catalogue_path(settings.BASE_DIR)):
        ids = message.id if isinstance(message.id, list | tuple) else [message.id]
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        for text in {str(one) for one in ids} - {*strings, ""}:
            words = re.sub(r"%\(\w+\)\w|%\w", "\0", text).strip()
            if "\0" not in words:
                plain.add(lowered(" ".join(words.split())))
            elif len(re.findall(r"[A-Za-z]{3,}", words.replace("\0", " "))) > 1:
                patterns.append(re.compile(re.escape(words).replace("\0", ".+?")))
    french = {
        lowered(str(text))
        for message in read_catalogue(catalogue_path(settings.BASE_DIR))
        for text in (message.string if isinstance(message.string, list | tuple) else [message.string])
    }
    return frozenset(plain - french - {"english"}), tuple(patterns)  # languages keep their own names


@cache
def filled_in(text: str) -> bool:
    """Whether a text is one of ours with its blanks filled in. Pages have most of their texts in common."""
    return any(pattern.fullmatch(text) for pattern in english_texts()[1])


def lowered(text: str) -> str:
    """A text as it stands inside a sentence; "ID" stays itself."""
    return text[:1].lower() + text[1:]


def english_left(html: str, *, data: tuple[str, ...] = ()) -> list[str]:
    """The texts of a page that are English; `data` are words of the records themselves, which nobody translates."""
    words = Words()
    words.feed(html)
    plain, _patterns = english_texts()
    left = []
    for text in dict.fromkeys(" ".join(found.split()) for found in words.found):
        bare = text.strip(" :.…↓↑") if lowered(text) not in plain else text
        for known in data:
            bare = bare.replace(known, "")
        if lowered(bare) in plain or ENGLISH.search(bare) or filled_in(text):
            left.append(text)
    return left
