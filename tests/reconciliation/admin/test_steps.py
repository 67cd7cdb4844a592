"""The steps of the workflow in the admin: dialogs that act on POST only, for whoever may, and say what is wrong."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.admin.notes import note_html
from reconciliation.admin.steps import BUTTONS
from reconciliation.models import ClosingThreshold, ReconciliationDiscrepancy
from reconciliation.workflow import BY_CODE
from tests.people import ROLES, browser, person
from tests.reconciliation.books import Books
from tests.reconciliation.workflow.cases import STATES, Desk, log_of, words

GIVEN: dict[str, dict[str, str]] = {
    "annotate": {"text": "note"},
    "propose": {"code": "timing", "reason": "late"},
    "revise": {"code": "timing", "reason": "late"},
    "close": {"code": "timing", "reason": "late"},
    "assign": {"to": ""},
}
SIGNING = {"approve", "reject", "close", "requeue"}
OWN = {"revise", "withdraw"}


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


def url(name: str, row: ReconciliationDiscrepancy) -> str:
    return reverse(f"admin:reconciliation_reconciliationdiscrepancy_step_{name}", args=[row.pk])


def post(client: Client, name: str, row: ReconciliationDiscrepancy, **given: str) -> Any:
    data = {"_form_submitted": "True", "version": str(row.version), "reason": "because", **GIVEN.get(name, {}), **given}
    return client.post(url(name, row), data)


def page(client: Client, row: ReconciliationDiscrepancy) -> Any:
    return client.get(reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk]))


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.name)
def test_a_dialog_is_for_whoever_may_take_its_step(desk: Desk, button: Any) -> None:
    row = desk.discrepancy("pending_approval" if button.name in OWN | {"approve", "reject"} else "open")
    allowed = {"Manager", "Owner"} if button.name in SIGNING else {"Operator", "Manager", "Owner", "Integration"}
    for role in ROLES:
        client = browser(desk.person(role))
        expected = 200 if role in allowed and button.name not in OWN else 403
        assert client.get(url(button.name, row)).status_code == expected, role
        if expected == 403:
            assert post(client, button.name, row).status_code == 403, role
    assert log_of(row) == []


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.name)
def test_opening_a_dialog_changes_nothing(desk: Desk, button: Any) -> None:
    for name in ("superuser", "author"):
        client = browser(desk.person("superuser", name))
        for state in STATES:
            row = desk.discrepancy(state)
            client.get(url(button.name, row), {"_form_submitted": "True", "reason": "x", "version": "1"})
            assert log_of(row) == []


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.name)
def test_a_discrepancy_of_another_organization_is_not_found(desk: Desk, button: Any) -> None:
    client = browser(person("Owner", Books("others").organization, name="stranger"))
    row = desk.discrepancy()
    assert client.get(url(button.name, row)).status_code == 404
    assert post(client, button.name, row).status_code == 404


def test_nobody_signed_in_is_asked_to_sign_in(desk: Desk) -> None:
    row = desk.discrepancy()
    assert post(Client(), "acknowledge", row).status_code == 302
    assert log_of(row) == []


def test_a_post_without_the_token_is_refused(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.person("Operator"))
    row = desk.discrepancy()
    assert post(client, "acknowledge", row).status_code == 403
    assert log_of(row) == []


def test_a_step_is_taken_and_logged_with_the_request(desk: Desk) -> None:
    row = desk.discrepancy()
    response = post(browser(desk.person("Operator")), "propose", row, reason="it **came** later")
    assert response.headers["HX-Refresh"] == "true"
    (entry,) = log_of(row)
    assert (entry.action, entry.reason, entry.request_id) == (
        "proposed", "it **came** later", response.headers["X-Request-ID"],
    )  # fmt: skip


def test_the_proposer_sees_no_approve_button_and_a_direct_post_is_refused(desk: Desk) -> None:
    manager = desk.person("Manager")
    row = desk.discrepancy("pending_approval", proposed_by=manager)
    response = page(browser(manager), row)
    assert "You proposed this. Another manager must approve it." in response.content.decode()
    assert {link["button"].name for link in response.context["steps"]["first"]} & {"approve", "reject"} == set()
    assert post(browser(manager), "approve", row).status_code == 403
    other = page(browser(desk.person("Owner")), row)
    assert "approve" in [link["button"].name for link in other.context["steps"]["first"]]


def test_a_stale_version_says_who_and_what_and_keeps_what_was_typed(desk: Desk) -> None:
    row = desk.discrepancy()
    desk.take("acknowledge", row, desk.person("Manager"))
    response = post(browser(desk.person("Operator")), "propose", row, reason="typed with care")
    text = response.content.decode()
    assert "Changed meanwhile; nothing was saved." in text
    assert "manager" in text
    assert "typed with care" in text
    assert 'name="version" value="2"' in text
    assert words(row) == ["acknowledged"]


def test_a_step_that_is_not_possible_any_more_is_told_in_the_dialog(desk: Desk) -> None:
    row = desk.discrepancy("resolved")
    text = post(browser(desk.person("Operator")), "propose", row).content.decode()
    assert "is not possible" in text
    assert log_of(row) == []


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("propose", {"reason": ""}, "This field is required"),
        ("propose", {"code": "cleared"}, "Select a valid choice"),
        ("match", {"other": "ch_nowhere"}, "There is no record with this id"),
        ("dismiss_duplicate", {"duplicate_of": "twelve"}, "Write its number"),
        ("dismiss_duplicate", {"duplicate_of": "D-999999"}, "no other discrepancy"),
        ("annotate", {"text": "nul \x00"}, "Null characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_in_the_dialog(desk: Desk, name: str, given: dict[str, str], message: str) -> None:
    row = desk.discrepancy()
    response = post(browser(desk.person("Operator")), name, row, **given)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert log_of(row) == []


def test_closing_alone_is_offered_below_the_threshold_only(desk: Desk) -> None:
    manager = browser(desk.person("Manager"))

    def offered(row: ReconciliationDiscrepancy) -> bool:
        return "close" in [link["button"].name for link in page(manager, row).context["steps"]["more"]]

    row = desk.discrepancy()
    assert not offered(row)
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    assert offered(row)
    assert not offered(desk.discrepancy(difference_minor=-51))
    assert "two people, whatever" not in post(manager, "close", row).content.decode()
    assert words(row) == ["closed"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](http://evil.example/pixel.png)",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<svg onload=alert(1)>",
        '[x](http://a.example "onmouseover=alert(1)")',
        "<style>*{display:none}</style>",
        "`<iframe src=//evil.example>`",
    ],
)
def test_a_note_cannot_act(text: str) -> None:
    assert {name for name, _attributes in elements(note_html(text))} <= {"p", "a", "code"}
    for _name, attributes in elements(note_html(text)):
        assert attributes.keys() <= {"href", "title", "rel"}
        assert attributes.get("href", "http").startswith("http")


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Elements().feed(html)
    return found


def test_a_note_is_read_as_markdown() -> None:
    html = note_html("**bold** and\n\n- one\n- [two](https://example.com)")
    assert "<strong>bold</strong>" in html
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">two</a>' in html


def test_a_step_that_is_not_possible_now_is_said_before_anybody_writes_why(desk: Desk) -> None:
    row = desk.discrepancy("resolved")
    shown = browser(desk.person("Operator")).get(url("propose", row)).content.decode()
    assert "Propose a resolution is not possible" in shown
    assert "<textarea" not in shown
    assert 'type="submit"' not in shown
    assert (
        "<textarea"
        in browser(desk.person("Operator", "second")).get(url("propose", desk.discrepancy())).content.decode()
    )


def test_whoever_signs_reads_in_the_dialog_what_was_proposed_and_why(desk: Desk) -> None:
    row = desk.discrepancy("pending_approval")
    for name in ("approve", "reject"):
        shown = browser(desk.person("Manager", f"signs-{name}")).get(url(name, row)).content.decode()
        assert str(BY_CODE[row.resolution_code].title) in shown
        assert row.resolution_reason in shown
        assert row.proposed_by is not None
        assert row.proposed_by.get_username() in shown
        assert ("No ledger row changes." if name == "approve" else "It goes back to work.") in shown


def test_the_numbers_beside_the_menu_follow_a_step_at_once(desk: Desk) -> None:
    client, row = browser(desk.person("Manager")), desk.discrepancy("pending_approval")
    queue = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    assert "data-badge>1</span>" in client.get(queue).content.decode()
    post(client, "approve", row)
    assert "data-badge>1</span>" not in client.get(queue).content.decode()
