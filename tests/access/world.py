"""An organization with one of everything, another one whose every text is a canary, and somebody for each role."""

from typing import Any

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success

from billing.models import Membership, Organization, ProviderRecord
from reconciliation import workflow
from reconciliation.models import BulkAction, Cause, CauseState, DryRun, ReconciliationDiscrepancy
from tests.people import PASSWORD, browser, person
from tests.reconciliation.admin.desk_books import CANARY, books_of_somebody_else, books_with_everything
from tests.reconciliation.admin.desk_sources import sources
from tests.reconciliation.books import LATER, Books

from .routes import STRANGER, WITHOUT_ROLE, Address
from .rows import made

DISPUTE = {"provider_status": "needs_response", "reason": "fraudulent"}


class World:
    """What requests are about, and who makes them."""

    def __init__(self) -> None:
        self.other: Organization | None = None
        self.books: Books = books_with_everything()
        self.organization = self.books.organization
        self.colleague = person("Operator", self.organization, name="a-colleague")
        fill(self.books, "x", self.colleague)
        AccessAttempt.objects.create(username="x", ip_address="192.0.2.1", user_agent="x", failures_since_start=1)
        times = {"started": LATER, "stopped": LATER}
        Success.objects.create(id="done", name="done", func="f", success=True, **times)
        Failure.objects.create(id="failed", name="failed", func="f", success=False, result="stopped", **times)
        Schedule.objects.create(name="daily", func="f")
        OrmQ.objects.create(key="tieout", payload="x", lock=timezone.now())

    def client(self, who: str) -> Client:
        """A browser of `who`, signed in."""
        if who == STRANGER:
            return Client()
        user = User.objects.filter(username=who.lower()).first()
        if user is None and who == WITHOUT_ROLE:
            user = User.objects.create_user(who, password=PASSWORD, is_staff=True)
        return browser(user or person(who, self.organization))

    def path(self, address: Address, organization: Organization | None = None) -> str:
        """The address of something of the organization."""
        given = {name: self.value(name, address, organization or self.organization) for name in address.takes}
        return reverse(address.name, kwargs=given) if address.name else f"/{address.pattern}"

    def value(self, name: str, address: Address, organization: Organization) -> Any:
        """What an address takes. One that takes something new needs its line in `NAMED`."""
        if address.name == "admin:auth_user_password_change":
            return self.colleague.pk
        if name == "object_id":
            return 1 if "view_on_site" in address.name else self.row(model_of(address.pattern), organization).pk
        form = "csv" if "listexport" in address.name else "json"
        known: dict[str, Any] = {
            "form": form,
            "app_label": "reconciliation",
            "content_type_id": 1,
            "name": "reconciliationitem",
        }
        if name == "organization":
            return organization.slug
        return known[name] if name in known else self.row(NAMED[name], organization).pk

    def row(self, label: str, organization: Organization) -> Model:
        """A row of a model ("app_model") that belongs to the organization, as far as the model knows organizations."""
        model = model_named(label)
        if model is User:
            return self.colleague
        if model is Organization:
            return organization
        names = {field.name for field in model._meta.get_fields()}
        owner = next(({name: organization} for name in ("organization", "organizations") if name in names), {})
        row: Model | None = model._default_manager.filter(**owner).order_by("pk").first()
        return row or made(model, organization, **GIVEN.get(label, {}))


FACTS = {"prefix": "x", "type": "AmountMismatch", "rows": 1, "side": "left"}
# Rows that an open page may have replaced, or that their tables and pages want in a certain form.
GIVEN: dict[str, dict[str, Any]] = {
    "reconciliation_cause": {
        "comparison": "payments", "kind": "prefix", "currency": "EUR", "facts": FACTS,
    },
}  # fmt: skip
NAMED = {
    "run_id": "reconciliation_reconciliationrun",
    "discrepancy_id": "reconciliation_reconciliationdiscrepancy",
    "pk": "reconciliation_reconciliationdiscrepancy",
    "bulk_id": "reconciliation_bulkaction",
    "cause_id": "reconciliation_cause",
    "fetch_id": "billing_providerfetch",
    "job_id": "reconciliation_syncjob",
}


def fill(books: Books, text: str, author: User) -> None:
    """Everything that grows around books: sources, runs, a dispute, a note, a cause, a bulk action, a dry run."""
    organization = books.organization
    if not ProviderRecord.objects.filter(organization=organization, kind="dispute").exists():
        books.charged(
            f"dp_{text}", 700, kind="dispute", parent_reference=f"ch_{text}", status="pending", detail=DISPUTE
        )  # fmt: skip
    if not organization_has(organization, "billing_payout"):
        sources(organization, text)
    books.run()
    books.run(comparison="statements")
    row = ReconciliationDiscrepancy.objects.filter(organization=organization, comparison="payments").order_by("pk")[0]
    workflow.annotate(discrepancy_id=row.pk, text=f"note {text}", by=author, now=LATER)
    CauseState.objects.get_or_create(organization=organization, comparison="payments", defaults={"found_at": LATER})
    made(Cause, organization, text, **GIVEN["reconciliation_cause"] | {"facts": FACTS | {"prefix": text}})
    bulk = BulkAction.objects.create(
        action="acknowledge", created_by=author, created_at=LATER, confirmed_at=LATER, state="ended"
    )
    bulk.organizations.add(organization)
    made(DryRun, organization, text, requested_by=author, error=text, status="error", finished_at=LATER)


def organization_has(organization: Organization, label: str) -> bool:
    return model_named(label)._default_manager.filter(organization=organization).exists()


def model_of(pattern: str) -> str:
    """The label, as "app_model", of an address of the admin."""
    _admin, app, model, *_rest = pattern.split("/")
    return f"{app}_{model}"


def model_named(label: str) -> type[Model]:
    """A model by its label; those of django-q have a blank in theirs."""
    app, _line, name = label.rpartition("_")
    model: type[Model] = apps.get_model(app, name)
    return model


def somebody_else() -> tuple[Books, User]:
    """Another organization with the canary in every text, and one of its people, who is called by it too."""
    books = books_of_somebody_else()
    author = User.objects.create_user(f"user-{CANARY}", password=PASSWORD, is_staff=True, first_name=CANARY)
    author.groups.add(Group.objects.get(name="Operator"))
    Membership.objects.create(user=author, organization=books.organization)
    fill(books, CANARY, author)
    return books, author
