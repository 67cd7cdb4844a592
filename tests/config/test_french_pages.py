"""Every page of the admin, asked for in French, says nothing in English."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django_q.models import Failure, OrmQ, Schedule, Success

from reconciliation.models import ReconciliationRun
from tests.french import english_left
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import LATER

pytestmark = pytest.mark.pages
MODELS = tuple(admin.site._registry)
DATA = ("which", "matched", "less")  # ids of payments in the books


def name_of(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


@pytest.fixture(scope="module")
def sophie(rows_of_module: None) -> User:
    """A superuser with one of everything to read."""
    books = books_with_everything()
    books.run()
    for model, more in ((Success, {"success": True}), (Failure, {"success": False, "result": "stopped"})):
        model.objects.create(
            id=f"q-{model.__name__[0]}", name="nightly", func="f", started=LATER, stopped=LATER, **more
        )
    Schedule.objects.create(name="daily", func="f")
    person("Manager", books.organization, name="claire")
    user = person("superuser", books.organization, name="sophie")
    LogEntry.objects.create(
        user=user, content_type=ContentType.objects.get_for_model(Group), object_repr="x", action_flag=CHANGE
    )
    return user


@pytest.fixture
def reader(db: None, sophie: User) -> Client:
    """She reads French."""
    client = browser(sophie)
    client.cookies["django_language"] = "fr"
    return client


@pytest.fixture(autouse=True)
def language_afterwards() -> Iterator[None]:
    with translation.override("en"):
        yield


def said(client: Client, path: str, own: str = "", **query: Any) -> list[str]:
    """The English that is left on a page; `own` is the stored name of the row it is about."""
    response = client.get(path, query)
    assert response.status_code in (200, 302, 403, 404), response.status_code
    return english_left(response.content.decode(), data=(*DATA, own))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_a_list_and_its_empty_state_speak_french(reader: Client, model: type[Model]) -> None:
    path = reverse(f"admin:{name_of(model)}_changelist")
    assert said(reader, path) == []
    if admin.site._registry[model].search_fields:
        assert said(reader, path, q="nothing-carries-such-an-id") == []


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_a_page_and_its_forms_speak_french(reader: Client, model: type[Model]) -> None:
    row = model._default_manager.first()
    if row is not None and not isinstance(row, OrmQ):
        assert said(reader, reverse(f"admin:{name_of(model)}_change", args=[row.pk]), own=str(row)) == []
    if admin.site._registry[model].has_add_permission(reader.get("/admin/").wsgi_request):
        assert said(reader, reverse(f"admin:{name_of(model)}_add")) == []


@pytest.mark.parametrize("row", ["discrepancy", "item", "log", "run"])
def test_every_kind_of_row_speaks_french(reader: Client, row: str) -> None:
    model = {
        "discrepancy": "reconciliationdiscrepancy", "item": "reconciliationitem",
        "log": "reconciliationactionlog", "run": "reconciliationrun",
    }[row]  # fmt: skip
    registered = next(one for one in MODELS if one._meta.model_name == model)
    for one in registered._default_manager.all():
        assert said(reader, reverse(f"admin:reconciliation_{model}_change", args=[one.pk])) == [], str(one)


@pytest.mark.parametrize("status", ["queued", "running", "error"])
def test_a_run_that_has_no_report_speaks_french(reader: Client, status: str) -> None:
    run = ReconciliationRun.objects.get()
    more = {"finished_at": LATER} if status == "error" else {"finished_at": None, "started_at": LATER, "number": None}
    unfinished = {**more, "status": status, "report": None, "error": ""}
    ReconciliationRun.objects.filter(pk=run.pk).update(**unfinished)
    assert said(reader, reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk])) == []


@pytest.mark.parametrize(
    "name", ["index", "password_change", "reconciliation_reconciliationrun_trigger", "auth_user_add", "nowhere"]
)
def test_other_pages_speak_french(reader: Client, name: str) -> None:
    try:
        path = reverse(f"admin:{name}")
    except NoReverseMatch:
        path = "/nowhere"
    assert said(reader, path) == []


def test_the_form_of_a_run_refuses_in_french(reader: Client) -> None:
    path = reverse("admin:reconciliation_reconciliationrun_trigger")
    answer = reader.post(path, {"first_day": "2026-10-02", "last_day": "2026-10-01"})
    assert english_left(answer.content.decode()) == []
    assert "Le dernier jour précède le premier" in answer.content.decode()


def test_the_login_page_speaks_french_and_offers_english(db: None) -> None:
    client = Client(headers={"accept-language": "fr"})
    page = client.get(reverse("admin:login")).content.decode()
    assert english_left(page) == []
    assert 'value="en" lang="en"' in page
    answer = client.post(reverse("admin:login"), {"username": "nobody", "password": "wrong"})
    assert english_left(answer.content.decode()) == []


def test_a_choice_of_language_is_remembered_beyond_the_session(reader: Client) -> None:
    del reader.cookies["django_language"]
    answer = reader.post(reverse("set_language"), {"language": "fr", "next": reverse("admin:index")})
    assert answer["Location"] == reverse("admin:index")
    assert int(answer.cookies["django_language"]["max-age"]) >= 300 * 24 * 3600
    assert "Dernières exécutions" in reader.get(reverse("admin:index")).content.decode()
    reader.post(reverse("set_language"), {"language": "en"})
    assert "Last runs" in reader.get(reverse("admin:index")).content.decode()


def test_amounts_percentages_and_dates_follow_the_language(reader: Client) -> None:
    run = ReconciliationRun.objects.get()
    page = reader.get(reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk])).content.decode()
    assert "0,00" in page
    assert "0.00" not in page
    assert "\N{NARROW NO-BREAK SPACE}%" in page


def test_roles_and_permissions_are_told_in_french(reader: Client) -> None:
    roles = reader.get(reverse("admin:auth_group_changelist")).content.decode()
    assert "Responsable" in roles
    assert "Manager" not in roles
    user = User.objects.get(username="claire")
    form = reader.get(reverse("admin:auth_user_change", args=[user.pk])).content.decode()
    assert "Lancer une exécution" in form
    assert "Can " not in form


def test_a_report_is_downloaded_in_the_language_of_its_reader(reader: Client) -> None:
    path = reverse("admin:reconciliation_reconciliationrun_report", args=[ReconciliationRun.objects.get().pk, "md"])
    assert "## Écarts ouverts" in reader.get(path).content.decode()
    reader.cookies["django_language"] = "en"
    assert "## Open discrepancies" in reader.get(path).content.decode()


@pytest.mark.parametrize(
    "html",
    [
        "<p>Nothing is open.</p>",
        "<button>Run reconciliation</button>",
        "<th>  Unexplained </th>",
        '<a title="Remove filter status">x</a>',
        "<p>Last compared 3 hours ago. Is the daily run still scheduled?</p>",
        '<input placeholder="Type to search">',
        '<input type="submit" value="Save the record">',
    ],
)
def test_english_on_a_page_is_found(html: str) -> None:
    assert english_left(html)


def test_french_and_what_is_not_read_out_is_no_english() -> None:
    assert english_left("<p>Rien n'est ouvert.</p><code>the reason of it</code><script>for (of) {}</script>") == []
