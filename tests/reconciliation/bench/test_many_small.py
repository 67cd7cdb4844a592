"""The bench of many small organizations: books of their own for each, swept from nothing and again."""

from typing import Any

import pytest

from billing.models import Organization, Payment
from reconciliation.bench import many_small
from reconciliation.bench.results import small_ratios
from reconciliation.bench.sweeping import PAYMENTS_EACH, sizes
from reconciliation.models import ReconciliationRun

pytestmark = pytest.mark.django_db


def test_a_sweep_runs_every_organization_and_a_second_one_writes_nothing() -> None:
    many_small.load(1)
    assert many_small.load(2)["organizations"] == 2  # adds only what is missing
    each = [Payment.objects.filter(organization=one).count() for one in Organization.objects.all()]
    assert all(abs(count - PAYMENTS_EACH) < 10 for count in each)
    assert many_small.sweep()["items"] > 2 * PAYMENTS_EACH - 50
    again = many_small.sweep()
    assert (again["items"], ReconciliationRun.objects.count()) == (0, 4)
    assert again["stages"].get("matching passes", 0.0) == 0.0  # nothing is matched where nothing changed


def test_two_thousand_organizations_are_a_million_payments() -> None:
    assert sizes(1_000_000) == [500, 1_000, 2_000]


def measure(seconds: float) -> dict[str, Any]:
    return {"seconds": seconds}


def test_the_time_of_one_organization_is_held_against_its_goal_and_must_not_grow() -> None:
    measures = {
        "first_500": measure(40.0), "first_2000": measure(170.0), "again_500": measure(10.0),
        "again_2000": measure(80.0),
    }  # fmt: skip
    told = [(ratio["value"], ratio["met"]) for ratio in small_ratios(measures, [500, 1_000, 2_000])]
    assert told == [(85.0, True), (1.0625, True), (40.0, False), (2.0, False)]
