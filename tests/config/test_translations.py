"""Everything people read speaks French: nothing missing, nothing left over, nothing that would break when filled in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.conf import settings

from config.catalogues import catalogue_path, read_catalogue
from config.messages import Key, key_of, messages_in, wanted

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[#0\- +]*\d*(?:\.\d+)?[a-zA-Z%]|\{\w*\}")
# Words that French writes as English does.
SAME = {
    "%(kind)s %(id)s", "%(name)s (%(amount)s, %(source)s)", "Arguments", "Date", "Import", "Imports", "Ingestion", "OK",
    "SHA-256", "Source", "Stripe", "Total", "Type", "Version", "Versions", "action", "code", "import", "imports",
    "ingestion", "Note", "pages", "position", "source", "type", "verdict", "version", "version %(number)d", "versions",
    "webhook", "%(hours)d h %(minutes)d min", "%d h", "%d min", "Cause", "Causes", "cause", "causes",
    str(("%(n)d minute", "%(n)d minutes")),
}  # fmt: skip
TIGHT = re.compile(r"(?<=\S)[;!?»](?!\w)|(?<=\w):(?=\s)|«(?!\N{NARROW NO-BREAK SPACE})| [:;!?»](?!\w)")


@pytest.fixture(scope="module")
def french() -> Catalog:
    return read_catalogue(catalogue_path(settings.BASE_DIR))


@pytest.fixture(scope="module")
def source() -> Catalog:
    return wanted(settings.BASE_DIR)


def keys(catalog: Catalog) -> dict[Key, Message]:
    return {key_of(message.context, message.id): message for message in catalog if message.id}


def texts(message: Message) -> list[str]:
    return [str(text) for text in (message.string if isinstance(message.string, list | tuple) else [message.string])]


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def wrong_placeholders(message: Message) -> list[str]:
    """The translations that would be filled in differently from the text with the most placeholders."""
    originals = list(message.id) if isinstance(message.id, list | tuple) else [message.id]
    if not any("%(" in text or "%s" in text or "%d" in text or "{" in text for text in originals):
        return []
    return [text for text in texts(message) if placeholders(text) != placeholders(originals[-1])]


def unspaced(text: str) -> bool:
    """Whether a mark that French sets off stands without its narrow no-break space."""
    return any(
        text[: found.start()][-1:] != "\N{NARROW NO-BREAK SPACE}" or found.group()[0] in " «"
        for found in TIGHT.finditer(text)
    )


def test_every_text_of_the_source_has_a_french_translation(source: Catalog, french: Catalog) -> None:
    translated = {key for key, message in keys(french).items() if all(texts(message))}
    assert sorted(map(str, keys(source).keys() - translated)) == []


def test_no_translation_is_left_of_a_text_that_is_gone(source: Catalog, french: Catalog) -> None:
    assert sorted(map(str, keys(french).keys() - keys(source).keys())) == []


def test_no_translation_is_a_guess(french: Catalog) -> None:
    assert [message.id for message in french if message.id and message.fuzzy] == []


def test_translations_are_filled_in_with_the_same_values(french: Catalog) -> None:
    assert [wrong for message in keys(french).values() for wrong in wrong_placeholders(message)] == []


@pytest.mark.parametrize(
    ("original", "translation"),
    [
        ("%(count)s rows", "%(nombre)s lignes"),
        ("%s rows", "lignes"),
        ("Took %s", "Durée de %s, 5 % de plus"),
        (("%(n)d row", "%(n)d rows"), ("%(n)d ligne", "des lignes")),
    ],
)
def test_a_translation_that_would_break_is_found(
    original: str | tuple[str, str], translation: str | tuple[str, str]
) -> None:
    assert wrong_placeholders(Message(original, translation))


def test_plurals_have_both_forms(french: Catalog) -> None:
    paired = [message for message in keys(french).values() if isinstance(message.id, list | tuple)]
    assert paired
    assert [message.id for message in paired if len(texts(message)) != french.num_plurals] == []


def test_no_translation_is_the_english_text(french: Catalog) -> None:
    kept = [message.id for message in keys(french).values() if message.string == message.id]
    assert sorted({str(text) for text in kept} - SAME) == []


def test_french_marks_are_set_off_by_narrow_no_break_spaces(french: Catalog) -> None:
    assert [text for message in keys(french).values() for text in texts(message) if unspaced(text)] == []


@pytest.mark.parametrize("text", ["Vraiment?", "Vraiment ?", "Voici : tout", "«tout»", "« tout »", "Voici: tout"])
def test_a_mark_that_is_not_set_off_is_found(text: str) -> None:
    assert unspaced(text)


def test_texts_are_found_in_f_strings_templates_and_plurals(tmp_path: Path) -> None:
    module, page = tmp_path / "module.py", tmp_path / "page.html"
    module.write_text("x = f\"{_('inside')} {ngettext('%d row', '%d rows', n)} {pgettext('noun', 'Run')}\"")
    page.write_text(
        '  {% if a %}\n {% translate "in a tag" %}{% endif %}{% blocktranslate %}a {{ b }}{% endblocktranslate %}'
    )
    assert set(messages_in(module)) == {(None, "inside"), (None, ("%d row", "%d rows")), ("noun", "Run")}
    assert set(messages_in(page)) == {(None, "in a tag"), (None, "a %(b)s")}
