"""The append-only tables, and what it means that a change is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from billing.models import (
    Adjustment,
    ImportBatch,
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceVersion,
    Payment,
    PaymentVersion,
    Payout,
    PayoutVersion,
    ProviderBalance,
    ProviderEvent,
    ProviderRecord,
    ProviderRecordVersion,
    StatementLine,
    StatementLineVersion,
    StatementWithdrawal,
)
from reconciliation.models import LogCheck, LogSeal, MatchDecision, ReconciliationActionLog, ReconciliationItem

MODELS: list[type[models.Model]] = [
    Adjustment,
    ImportBatch,
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceVersion,
    LogCheck,
    LogSeal,
    MatchDecision,
    Payment,
    PaymentVersion,
    Payout,
    PayoutVersion,
    ProviderBalance,
    ProviderEvent,
    ProviderRecord,
    ProviderRecordVersion,
    ReconciliationActionLog,
    ReconciliationItem,
    StatementLine,
    StatementLineVersion,
    StatementWithdrawal,
]
each_table = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def dump(model: type[models.Model]) -> list[dict[str, Any]]:
    return list(model._default_manager.order_by("pk").values())


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError, match=r"append-only|permission denied|must be owner"), transaction.atomic():
        act()
