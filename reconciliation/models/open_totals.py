"""Open discrepancies, counted as they change: what tabs, badges and the dashboard read instead of counting rows."""

from django.db import models

from billing.models import Organization

GROUP = (
    "organization_id", "comparison", "type", "severity", "status", "assigned_to_id", "currency", "queued_at", "due_at",
)  # fmt: skip
FIGURES = ("count", "compared", "difference_minor", "unexplained_minor")


class OpenTotal(models.Model):
    """A change of the figures of a group of unresolved discrepancies; a group's figures are the sums over its rows.

    Each transaction that changes discrepancies adds its own rows, so that no two people wait for each other; now and
    then a group's rows are replaced by their sum. `assigned_to_id` is null for nobody. `compared` counts the
    discrepancies that have a difference; the amounts are sums of absolute values in `currency`.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    comparison = models.CharField(max_length=16)
    type = models.CharField(max_length=32)
    severity = models.CharField(max_length=5)
    status = models.CharField(max_length=16)
    assigned_to_id = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    count = models.IntegerField()
    compared = models.IntegerField()
    difference_minor = models.BigIntegerField()
    unexplained_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["organization", "id"], name="open_total_organization")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.type} {self.count:+d}"
