"""A desk with discrepancies to work in bulk."""

import pytest

from tests.reconciliation.workflow.cases import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()
