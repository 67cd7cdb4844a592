"""Order and place mean nothing: the report is the same bytes whatever came first, wherever the machine thinks it is."""

import random
import time
from collections.abc import Iterator

import pytest

from reconciliation.core import report as reports
from tests.reconciliation.books import Books, filled

pytestmark = pytest.mark.django_db
ZONES = ["UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca"]
# The digest of the one report all of these must give, on both databases. Only a change of the report's form
# or of what is found changes it; then take the new value from the failing test, after looking at the report.
DIGEST = "209b4c656dbe918bb589d77bcddf31b274f0954e8007eafde9024b2fe2bff944"


@pytest.fixture(params=ZONES)
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The time zone of the process; Django's own is always UTC."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def digests(orders: range) -> set[str]:
    found = set()
    for seed in orders:
        books = Books(f"acme-{seed}")
        report = filled(books, random.Random(seed)).run().report
        found.add(reports.digest({**report, "organization": "acme"}))
    return found


@pytest.mark.usefixtures("machine_zone")
def test_a_few_orders_in_five_time_zones_give_one_report() -> None:
    assert digests(range(3)) == {DIGEST}


@pytest.mark.trust
@pytest.mark.usefixtures("machine_zone")
def test_a_hundred_orders_in_five_time_zones_give_one_report() -> None:
    assert digests(range(100)) == {DIGEST}
