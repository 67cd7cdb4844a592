"""manage.py rebuild_totals: counts the open discrepancies and makes their totals anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from billing.models import Organization
from reconciliation.open_totals import differing, rebuild


class Command(BaseCommand):
    """For `doctor`, when it finds totals that are wrong. Changes nothing else; safe to repeat."""

    help = _("Count the open discrepancies and make their totals anew; tells which were wrong.")

    def handle(self, *_args: Any, **_options: Any) -> None:
        """One organization after the other; while one is counted, its discrepancies wait."""
        for organization in Organization.objects.order_by("pk"):
            wrong = len(list(differing(organization.pk)))
            groups = rebuild(organization.pk)
            told = {"organization": organization.slug, "groups": groups, "wrong": wrong}
            self.stdout.write(_("%(organization)s: %(groups)d groups, %(wrong)d of them were wrong.") % told)
