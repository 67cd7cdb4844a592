"""A loopback Stripe with a merchant on it, and an organization whose key opens it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.models import Organization
from billing.sandbox.merchant import Merchant
from billing.sandbox.server import Sandbox, running
from billing.sandbox.shelf import Shelf
from billing.statements import Ingestion, ingest_statements
from billing.stripe_access import Access
from billing.stripe_client import StripeApi, connect

KEY = "rk_test_sandbox0001"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
T0 = int(NOW.timestamp())
HOUR, DAY = 3600, 86_400


@dataclass
class Desk:
    """Everything a test of fetching needs. `slept` is what the client waited, without waiting."""

    organization: Organization
    sandbox: Sandbox
    merchant: Merchant
    slept: list[float]
    timeout: float = 5.0
    moment: datetime = NOW

    @property
    def shelf(self) -> Shelf:
        return self.merchant.shelf

    def clock(self) -> datetime:
        return self.moment

    def pass_time(self, seconds: int) -> None:
        self.moment += timedelta(seconds=seconds)

    @property
    def api(self) -> StripeApi:
        """A new way to the API."""
        return connect(
            key=KEY, base=self.sandbox.address, timeout_seconds=self.timeout, attempts=4, sleep=self.slept.append
        )

    @property
    def access(self) -> Access:
        return Access(self.api, self.shelf.account)

    def ingest(self, **options: Any) -> Ingestion:
        return ingest_statements(
            organization=self.organization, access=self.access, by="test", clock=self.clock, **options
        )


@contextmanager
def desk_of(organization: Organization, **options: Any) -> Iterator[Desk]:
    """The organization's desk, with an empty shelf behind its key."""
    shelf = Shelf(account=organization.stripe_account or "acct_1Shared", now=T0)
    with running({KEY: shelf}, **options) as sandbox:
        yield Desk(organization, sandbox, Merchant(shelf), [])


def organization(slug: str = "acme", **fields: Any) -> Organization:
    """An organization with a Stripe account of its own, unless told otherwise."""
    values = {"name": slug, "timezone": "UTC", "stripe_account": f"acct_1{slug}"} | fields
    return Organization.objects.create(slug=slug, **values)


def days_ago(number: float) -> int:
    """Seconds since 1970 UTC of a moment before NOW."""
    return T0 - int(number * DAY)


Trouble = Callable[[int], str | None]
