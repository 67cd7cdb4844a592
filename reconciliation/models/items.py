"""Items: the result for a record or a pair of records, as versions that a run opens and a later run closes."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Organization

from .runs import COMPARISONS


class ReconciliationItem(models.Model):
    """One version of a result. State as of run number N: `opened_run ≤ N` and (`closed_run` null or `> N`).

    `left_id` and `right_id` are identities of the comparison's sides (0: none), without database foreign keys because
    those double the cost of writing; `manage.py doctor` checks them. A group (one to many) is one item a record,
    joined by `group_key`.
    """

    class Outcome(models.TextChoices):
        """What became of the records of an item."""

        MATCHED = "matched", _("matched")
        MISMATCHED = "mismatched", _("mismatched")
        ONLY_LEFT = "only_left", _("only here")
        ONLY_RIGHT = "only_right", _("only at the provider")
        NOT_DUE = "not_due", _("not due")
        AMBIGUOUS = "ambiguous", _("ambiguous")
        EXCLUDED = "excluded", _("excluded")

    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("organization"),
    )
    comparison = models.CharField(_("comparison"), max_length=16, choices=COMPARISONS)
    left_id = models.BigIntegerField(_("our record"), default=0)
    left_version_id = models.BigIntegerField(_("our version"), default=0)
    right_id = models.BigIntegerField(_("provider record"), default=0)
    right_version_id = models.BigIntegerField(_("provider version"), default=0)
    kind = models.CharField(_("kind"), max_length=16)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    match_pass = models.CharField(_("matched by"), max_length=24, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    group_key = models.CharField(_("group"), max_length=300, blank=True)
    left_amount_minor = models.BigIntegerField(_("our amount (minor units)"), null=True, blank=True)
    left_currency = models.CharField(_("our currency"), max_length=3, blank=True)
    left_status = models.CharField(_("our status"), max_length=20, blank=True)
    right_amount_minor = models.BigIntegerField(_("provider amount (minor units)"), null=True, blank=True)
    right_currency = models.CharField(_("provider currency"), max_length=3, blank=True)
    right_status = models.CharField(_("provider status"), max_length=20, blank=True)
    occurred_at = models.DateTimeField(_("occurred"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    opened_run = models.PositiveIntegerField(_("opened by run"))
    closed_run = models.PositiveIntegerField(_("closed by run"), null=True, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "comparison", "left_id", "right_id"],
                condition=Q(closed_run__isnull=True),
                name="item_one_open_per_pair",
            ),
            models.CheckConstraint(condition=~Q(left_id=0, right_id=0), name="item_names_a_record"),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "matched", "mismatched", "only_left", "only_right", "not_due", "ambiguous", "excluded",
                    ]
                ),
                name="item_outcome_known",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["organization", "comparison", "occurred_at", "id"], name="item_time"),
            models.Index(fields=["organization", "comparison", "right_id"], name="item_right"),
            models.Index(
                fields=["organization", "comparison", "due_at"],
                condition=Q(closed_run__isnull=True, due_at__isnull=False),
                name="item_due",
            ),
        ]

    def __str__(self) -> str:
        return f"I-{self.pk}"
