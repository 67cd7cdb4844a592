"""Desks for tests of fetching."""

from collections.abc import Iterator

import pytest

from .desk import Desk, desk_of, organization


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    """An organization with its own Stripe account."""
    with desk_of(organization()) as found:
        yield found


@pytest.fixture
def shared(db: None) -> Iterator[Desk]:
    """A platform whose Stripe account several tenants share."""
    with desk_of(organization("platform", stripe_account="")) as found:
        yield found
