"""A desk to work at."""

import pytest

from .cases import Desk


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()
