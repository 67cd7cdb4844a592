"""Every text that people read and that is to be translated, read out of the source: ours, and that of packages whose
pages we show and that speak no French. No machine needs the gettext tools for it.
"""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from django.utils.translation import templatize

OWN = ("billing", "config", "reconciliation", "templates", "usage")
# Of packages only what our pages show: all of their files under these names.
SHOWN = {
    "unfold": ("*.py", "templates/**/*.html", "contrib/filters/**/*.py", "contrib/filters/**/*.html"),
    "django_q": ("admin.py", "models.py"),
}
# Packages with a French catalogue of their own; what is in it needs no entry in ours.
SPEAK_FRENCH = ("django", "django.contrib.admin", "django.contrib.auth", "django_filters", "django_q", "rest_framework")
SKIPPED = {"migrations", "locale", "tests"}
CALLS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}

Id = str | tuple[str, str]
Key = tuple[str | None, Id]


def wanted(root: Path) -> Catalog:
    """What the catalogue must hold: each message with the files it stands in, `root` being the checkout."""
    catalog = Catalog(fuzzy=False)
    for path in own_files(root):
        _add(catalog, path, str(path.relative_to(root)))
    french = spoken()
    for package, patterns in SHOWN.items():
        folder = package_folder(package)
        for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
            _add(catalog, path, f"{package}/{path.relative_to(folder)}", without=french)
    return catalog


def own_files(root: Path) -> Iterator[Path]:
    """Python files and templates of ours, in a fixed order."""
    for top in OWN:
        for path in sorted((root / top).rglob("*")):
            texts = (".html", ".md", ".txt") if top == "templates" else (".py",)
            if path.suffix in texts and not SKIPPED & set(path.relative_to(root).parts):
                yield path


def messages_in(path: Path) -> Iterator[Key]:
    """Context and text of each call for a translation in a file; a pair of texts where the count decides."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        # The syntax tree, since Babel does not look into f-strings.
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                yield from _called(node)
        return
    # Django turns a template into calls with the rest blanked out; its indentation would mean something to Python.
    source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    for _line, message, _comments, context in extract("python", BytesIO(source.encode()), CALLS):
        yield context, (message[0], message[1]) if isinstance(message, tuple) else message


def _called(node: ast.Call) -> Iterator[Key]:
    """What a call asks to be translated; nothing when it is no such call, or its text is not written out there."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in CALLS:
        return
    values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    texts = [value for value in values if isinstance(value, str)]
    context = texts.pop(0) if "pgettext" in name and texts else None
    if "ngettext" in name or "npgettext" in name:
        if len(texts) == 2:
            yield context, (texts[0], texts[1])
    elif texts:
        yield context, texts[0]


def spoken() -> set[Key]:
    """What other packages say in French by themselves."""
    found: set[Key] = set()
    for package in SPEAK_FRENCH:
        folder = package_folder(package)
        path = folder / ("conf/locale" if package == "django" else "locale") / "fr/LC_MESSAGES/django.mo"
        with path.open("rb") as file:
            found |= {key_of(message.context, message.id) for message in read_mo(file) if message.id}
    return found


def key_of(context: str | None, message: object) -> Key:
    """What a message is known by; only the first two forms of a plural are texts of the source."""
    if isinstance(message, list | tuple):
        return context, (str(message[0]), str(message[1]))
    return context, str(message)


def package_folder(name: str) -> Path:
    """Where an installed package lies."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise LookupError(f"{name} is not installed")
    return Path(spec.origin).parent


def _add(catalog: Catalog, path: Path, name: str, without: frozenset[Key] | set[Key] = frozenset()) -> None:
    for context, message in messages_in(path):
        if message and message[0] and (context, message) not in without:
            catalog.add(message, locations=[(name, 0)], context=context)
