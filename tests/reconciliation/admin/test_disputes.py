"""The board of disputes and the page of one, over their whole life."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reconciliation import disputes, workflow
from reconciliation.models import Dispute
from tests.people import browser, person
from tests.reconciliation.invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
BOARD = "admin:reconciliation_dispute_changelist"
DAY = timedelta(days=1)


@pytest.fixture
def books() -> InvoiceBooks:
    return InvoiceBooks()


def due(span: timedelta) -> str:
    return (timezone.now() + span).isoformat()


def opened(
    books: InvoiceBooks, name: str = "dp_1", amount: int = 7_000, word: str = "needs_response", **detail: object
) -> None:
    books.disputed(name, amount, "ch_1", word, detail={"due_by": due(5 * DAY), **detail})


def run(books: InvoiceBooks) -> None:
    books.run(now=timezone.now())


def board(books: InvoiceBooks) -> dict[str, list[str]]:
    """The names in each column that holds any."""
    found = disputes.cards([books.organization.pk], timezone.now())
    return {column: [card.name for card in some] for column, some in found.items() if some}


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_dispute_is_on_the_board_before_any_run_has_recorded_it(books: InvoiceBooks) -> None:
    opened(books)
    assert board(books) == {"acknowledge": ["dp_1"]}
    run(books)
    assert board(books) == {"acknowledge": ["dp_1"]}
    (card,) = disputes.cards([books.organization.pk], timezone.now())["acknowledge"]
    assert (card.pk, card.amount_minor, card.currency) == (Dispute.objects.get().pk, 7_000, "EUR")


def test_a_dispute_walks_through_the_columns_as_one_discrepancy(books: InvoiceBooks) -> None:
    operator = person("Operator", books.organization)
    opened(books)
    run(books)
    row = Dispute.objects.get()
    workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=operator, now=timezone.now())
    assert board(books) == {"gather": ["dp_1"]}
    opened(books, word="under_review", submissions=1)
    assert board(books) == {"submitted": ["dp_1"]}
    opened(books, word="won")
    run(books)
    assert board(books) == {"closed": ["dp_1"]}
    row.refresh_from_db()
    assert (Dispute.objects.get().pk, row.status) == (row.pk, "resolved")


def test_a_lost_dispute_stays_the_same_discrepancy_until_the_books_show_it(books: InvoiceBooks) -> None:
    opened(books)
    books.line("away", -7_000, kind="dispute", category="dispute", source_reference="dp_1", charge="ch_1", fee=1_500)
    run(books)
    first = Dispute.objects.get()
    opened(books, word="lost")
    run(books)
    last = Dispute.objects.get()
    assert (last.pk, last.reason_code, last.difference_minor) == (first.pk, "dispute.lost", -7_000)
    assert board(books) == {"closed": ["dp_1"]}


def test_the_evidence_deadline_is_when_the_discrepancy_is_due(books: InvoiceBooks) -> None:
    opened(books, due_by="2026-12-24T22:59:59+00:00")
    run(books)
    assert Dispute.objects.get().due_at == datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)


def test_what_expires_next_stands_first_and_is_counted_by_the_badge(books: InvoiceBooks) -> None:
    operator = person("Operator", books.organization)
    for name, span in (("dp_far", 9 * DAY), ("dp_near", DAY / 2), ("dp_late", -DAY / 4)):
        opened(books, name, due_by=due(span))
    run(books)
    for row in Dispute.objects.all():
        workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=operator, now=timezone.now())
    assert board(books) == {"gather": ["dp_late", "dp_near", "dp_far"]}
    assert disputes.pressing([books.organization.pk], timezone.now()) == 2
    cache.clear()
    assert re.search(r"Disputes\s+2\b", text_of(browser(operator), reverse(BOARD)))


def test_the_board_tells_amount_reason_deadline_and_owner(books: InvoiceBooks) -> None:
    operator = person("Operator", books.organization, name="ada")
    opened(books, due_by="2026-12-24T22:59:59+00:00")
    opened(books, "dp_2", 1_234, due_by=None, no_response_possible=True)
    run(books)
    row = Dispute.objects.get(reference="dp_1")
    workflow.assign(discrepancy_id=row.pk, expected_version=row.version, to=operator, by=operator, now=timezone.now())
    text = text_of(browser(operator), reverse(BOARD))
    for word in ("70.00 EUR", "Fraud", "Evidence due 2026-12-24 22:59 UTC", "Assigned to ada", "no response possible"):
        assert word in text


def test_an_empty_board_says_where_disputes_come_from(books: InvoiceBooks) -> None:
    text = text_of(browser(person("Auditor", books.organization)), reverse(BOARD))
    assert "No dispute is known" in text
    assert "manage.py sync_disputes" in text


def test_nobody_sees_disputes_of_another_organization(books: InvoiceBooks) -> None:
    opened(books)
    run(books)
    stranger = browser(person("Manager", InvoiceBooks("other").organization))
    assert "dp_1" not in text_of(stranger, reverse(BOARD))
    page = stranger.get(reverse("admin:reconciliation_dispute_change", args=[Dispute.objects.get().pk]))
    assert page.status_code == 302


def test_the_same_name_in_another_organization_is_another_dispute(books: InvoiceBooks) -> None:
    other = InvoiceBooks("other")
    opened(books)
    opened(other, amount=999, word="won")
    run(books)
    (card,) = disputes.cards([books.organization.pk], timezone.now())["acknowledge"]
    assert card.amount_minor == 7_000


def test_without_the_permission_there_is_no_board(books: InvoiceBooks) -> None:
    user = person("Operator", books.organization)
    user.groups.clear()
    assert browser(user).get(reverse(BOARD)).status_code == 403


def test_the_page_tells_both_clocks_the_money_and_every_state(books: InvoiceBooks) -> None:
    operator = person("Operator", books.organization)
    opened(books, due_by="2026-12-24T22:59:59+00:00")
    books.line("away", -7_000, kind="dispute", category="dispute", source_reference="dp_1", charge="ch_1", fee=1_500)
    run(books)
    opened(books, word="under_review", submissions=1, due_by="2026-12-24T22:59:59+00:00")
    books.line(
        "back", 7_000, kind="dispute_reversal", category="dispute_reversal", source_reference="dp_1", charge="ch_1"
    )
    text = text_of(browser(operator), reverse("admin:reconciliation_dispute_change", args=[Dispute.objects.get().pk]))
    for words in (
        "Dispute dp_1", "With the bank", "Take in charge", "Evidence to Stripe 2026-12-24 22:59 UTC",
        "Withdrawn −70.00 EUR 15.00 EUR −85.00 EUR", "Given back 70.00 EUR", "First seen: Needs a response",
        "Evidence submitted", "Acknowledge",
    ):  # fmt: skip
        assert words in text


def test_a_dispute_that_only_the_statement_tells_of_has_a_page_too(books: InvoiceBooks) -> None:
    books.line("away", -7_000, kind="dispute", category="dispute", source_reference="dp_9", charge="ch_1", fee=1_500)
    run(books)
    assert board(books) == {"acknowledge": ["dp_9"]}
    row = Dispute.objects.get()
    text = text_of(
        browser(person("Auditor", books.organization)), reverse("admin:reconciliation_dispute_change", args=[row.pk])
    )
    assert "Known from the statement only" in text
    assert "Stripe's own word about it was not fetched." in text.replace("&#x27;", "'")
