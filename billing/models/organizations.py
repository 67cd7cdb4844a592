"""Organizations (tenants) and who may work for them."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

SLUG = RegexValidator(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", _("Use lower-case letters, digits and hyphens."))


class Organization(models.Model):
    """A company whose books are reconciled, with its matching rules."""

    class Refunds(models.TextChoices):
        """Whether refunds of the provider are compared with refunds booked here."""

        AUTO = "auto", _("once the first refund is booked here")
        ALWAYS = "always", _("always")
        NEVER = "never", _("never")

    slug = models.CharField(_("short name"), max_length=60, unique=True, validators=[SLUG])
    name = models.CharField(_("name"), max_length=200)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", help_text=_("IANA name: Europe/Paris"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    stripe_account = models.CharField(_("Stripe account"), max_length=64, blank=True)
    workspace_id = models.CharField(
        _("workspace id"),
        max_length=255,
        blank=True,
        help_text=_("What “workspace_id” in Stripe's metadata says for this organization; its short name when empty."),
    )
    livemode = models.BooleanField(
        _("live mode"), default=False, help_text=_("Off: only test-mode events are accepted.")
    )
    reference_keys = models.JSONField(
        _("reference keys"),
        default=list,
        blank=True,
        help_text=_("Metadata keys that carry your own reference, best first."),
    )
    refunds = models.CharField(_("compare refunds"), max_length=6, choices=Refunds.choices, default=Refunds.AUTO)
    grace_seconds = models.PositiveIntegerField(_("grace period (seconds)"), default=48 * 3600)
    match_window_seconds = models.PositiveIntegerField(_("match window (seconds)"), default=72 * 3600)
    duplicate_window_seconds = models.PositiveIntegerField(_("duplicate window (seconds)"), default=3600)
    tolerance_minor = models.PositiveBigIntegerField(_("tolerance (minor units)"), default=0)
    tolerance_ppm = models.PositiveIntegerField(_("tolerance (parts per million)"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id"], condition=~models.Q(workspace_id=""), name="organization_workspace_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Lets a user see and work for one organization."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships", verbose_name=_("organization")
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once_per_organization")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization}"
