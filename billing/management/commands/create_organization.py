"""manage.py create_organization SLUG --name … --timezone … --currency …"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.management.refusals import Refused
from billing.models import Organization
from billing.organizations import OrganizationInvalid, Saved, save_organization

FIELDS = ("name", "timezone", "currency", "stripe_account", "workspace_id", "reference_keys", "livemode", "refunds")


class Command(BaseCommand):
    """Creates an organization; run again, it changes the fields that are named."""

    help = _("Create an organization. Safe to repeat: only the options given are changed, and what changed is said.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options; each field is left alone unless named."""
        parser.add_argument("slug", metavar="SLUG", help=_("short name: lower-case letters, digits, hyphens"))
        parser.add_argument("--name", help=_("name as people know it"))
        parser.add_argument("--timezone", metavar="ZONE", help=_("IANA name whose midnights bound its periods (UTC)"))
        parser.add_argument("--currency", metavar="CODE", help=_("ISO 4217 code (EUR)"))
        parser.add_argument("--stripe-account", metavar="ACCT", help=_("acct_…: events of other accounts are refused"))
        parser.add_argument(
            "--workspace-id",
            metavar="ID",
            help=_("what workspace_id in Stripe's metadata says for it (its short name)"),
        )
        parser.add_argument(
            "--reference-keys",
            metavar="A,B",
            type=_names,
            help=_("metadata keys that carry its own reference, best first"),
        )
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument(
            "--live", dest="livemode", action="store_const", const=True, help=_("accept live events only")
        )
        mode.add_argument(
            "--test", dest="livemode", action="store_const", const=False, help=_("accept test events only")
        )
        parser.add_argument("--refunds", choices=Organization.Refunds.values, help=_("whether refunds are compared"))
        parser.add_argument("--json", action="store_true", help=_("print the outcome as one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Create or change; exit code 2 when a value cannot be used."""
        fields = {name: options[name] for name in FIELDS if options[name] is not None}
        slug = options["slug"]
        if "name" not in fields and not Organization.objects.filter(slug=slug).exists():
            raise Refused(_("“%s” is new: give its --name.") % slug)
        try:
            saved = save_organization(slug=slug, fields=fields, now=timezone.now())
        except OrganizationInvalid as error:
            raise Refused(_("“%s” was not stored.") % slug + f"\n{error}") from None
        if options["json"]:
            changes = {name: {"before": before, "after": after} for name, (before, after) in saved.changes.items()}
            self.stdout.write(json.dumps({"organization": slug, "created": saved.created, "changes": changes}))
        else:
            self._say(saved)

    def _say(self, saved: Saved) -> None:
        values = {"slug": saved.organization.slug, "name": saved.organization.name}
        if saved.created:
            self.stdout.write(_("Created %(slug)s (%(name)s).") % values)
        elif not saved.changes:
            self.stdout.write(_("%(slug)s (%(name)s) is as asked already: nothing changed.") % values)
        for name, (before, after) in saved.changes.items():
            self.stdout.write(f"{name}: {_text(before)} → {_text(after)}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")] if text.strip() else []


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value) or _("(none)")
    return str(value) if value != "" else _("(none)")
