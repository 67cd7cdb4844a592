"""The catalogues of translations: compiled without the gettext tools, and brought up to date with the source."""

import os
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from config.messages import wanted

LANGUAGE = "fr"


def catalogue_path(root: Path, language: str = LANGUAGE) -> Path:
    """Where the texts of `language` are kept."""
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(path: Path) -> Catalog:
    """The texts of a catalogue. Raises PoFileError for a file that is none."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def stale(root: Path) -> list[Path]:
    """The catalogues whose compiled form is missing or older than they are."""
    found = []
    for source in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns:
            found.append(source)
    return found


def compile_catalogues(root: Path) -> list[Path]:
    """Compiles what is stale and returns it. A process that reads meanwhile sees the old form or the new one."""
    sources = stale(root)
    for source in sources:
        target = source.with_suffix(".mo")
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, read_catalogue(source))
        draft.replace(target)
    return sources


def update_catalogue(root: Path) -> tuple[list[str], list[str]]:
    """Adds what the source says and the French catalogue does not, without a translation, and drops what it no longer
    says. Returns both, as texts.
    """
    path = catalogue_path(root)
    old, source = read_catalogue(path), wanted(root)
    before = {message.id for message in old if message.id}
    after = {message.id for message in source if message.id}
    created = old.creation_date
    old.update(source, no_fuzzy_matching=True, update_creation_date=False)
    old.creation_date = created
    old.project, old.msgid_bugs_address, old.last_translator, old.revision_date = "Tieout", "", "", created
    with path.open("wb") as file:
        write_po(file, old, width=118, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
    return sorted(map(str, after - before)), sorted(map(str, before - after))
