"""The journal of source changes: which records changed, in the order a reader may rely on."""

from typing import Any

from django.db import models
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from .imports import ImportBatch
from .organizations import Organization


class TransactionNumber(models.Func):
    """PostgreSQL's number of the current transaction; 0 on SQLite, where one transaction writes at a time."""

    function = "TRANSACTION_NUMBER"
    output_field = models.BigIntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """See https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT."""
        return "((pg_current_xact_id()::text)::bigint)", []

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """Ids alone are in order of commit."""
        return "(0)", []


class SourceChange(models.Model):
    """A record of a source changed, or an import changed some: written in the transaction of the change itself.

    Ids are given out before they are committed, so "every id up to N was read" loses late commits. `transaction` lets a
    reader tell by PostgreSQL's own snapshots what it has seen (billing.changes).
    """

    class Source(models.TextChoices):
        """What changed."""

        PAYMENT = "payment", _("payment")
        PROVIDER_RECORD = "provider_record", _("provider record")
        STATEMENT_LINE = "statement_line", _("statement line")
        PAYOUT = "payout", _("payout")
        INVOICE = "invoice", _("invoice")
        INVOICE_PAYMENT = "invoice_payment", _("invoice payment")

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    source = models.CharField(max_length=16, choices=Source.choices)
    identity_id = models.BigIntegerField(null=True, blank=True)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    transaction = models.BigIntegerField(db_default=TransactionNumber())

    class Meta:
        verbose_name = _("source change")
        verbose_name_plural = _("source changes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(identity_id__isnull=False) ^ models.Q(batch__isnull=False),
                name="source_change_of_record_or_import",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="source_change_id"),
            models.Index(fields=["organization", "transaction"], name="source_change_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.identity_id or f'import {self.batch_id}'}"
