"""`manage.py fee_terms`: show or set what was agreed that Stripe takes of a payment."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Organization
from billing.money import MoneyError, format_minor, known_currency, parse_amount
from reconciliation.comparisons.statements import agreed_fees
from reconciliation.core.fees import Terms, parse_rate, rate_text
from reconciliation.workflow.fee_terms import set_terms


def rate_ppm(text: str) -> int:
    """A percentage with at most four decimals as parts per million; raises CommandError for anything else."""
    parts = parse_rate(text)
    if parts is None:
        raise CommandError(_("“%s” is not a percentage. Write it as 1.5.") % text, returncode=2)
    return parts


class Command(BaseCommand):
    """Without a currency it shows what is agreed."""

    help = _("Shows or sets the fees agreed with Stripe; runs of “statements” then tell each fee that differs.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose terms, for which lines, and what they are."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--currency", metavar="CODE", help=_("the currency that payments settle in"))
        parser.add_argument(
            "--type", default="", metavar="TYPE", help=_("charge: cards; payment: other ways to pay; left out: all")
        )
        parser.add_argument("--rate", default="0", metavar="PERCENT", help=_("share of the amount: 1.5"))
        parser.add_argument("--fixed", default="0", metavar="AMOUNT", help=_("fixed amount of each payment: 0.25"))
        parser.add_argument("--tolerance", metavar="AMOUNT", help=_("how far a fee may lie apart; one minor unit"))
        parser.add_argument("--remove", action="store_true", help=_("fees of these lines are not compared any more"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Sets, then shows."""
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(_("There is no organization “%s”.") % options["organization"], returncode=2)
        if options["currency"]:
            try:
                terms = terms_of(options)
            except MoneyError as problem:
                raise CommandError(str(problem), returncode=2) from problem
            set_terms(
                organization=organization, terms=terms, by=getpass.getuser(), now=timezone.now(),
                remove=options["remove"],
            )  # fmt: skip
        known = agreed_fees(organization)
        if not known:
            self.stdout.write(_("No fees are agreed: they are not compared."))
        for terms in known:
            self.stdout.write(told(terms))


def terms_of(options: dict[str, Any]) -> Terms:
    """The terms that options state. Raises MoneyError, CommandError."""
    currency = known_currency(options["currency"])
    tolerance = 1 if options["tolerance"] is None else parse_amount(options["tolerance"], currency)
    fixed = parse_amount(options["fixed"], currency)
    if tolerance < 0 or fixed < 0:
        raise CommandError(_("Write an amount of 0 or more."), returncode=2)
    return Terms(currency, options["type"].strip(), rate_ppm(options["rate"]), fixed, tolerance)


def told(terms: Terms) -> str:
    """Terms in a line."""
    words = {
        "currency": terms.currency,
        "type": terms.line_type or _("all lines"),
        "rate": rate_text(terms.rate_ppm),
        "fixed": format_minor(terms.fixed_minor, terms.currency),
        "tolerance": format_minor(terms.tolerance_minor, terms.currency),
    }
    return _("%(currency)s, %(type)s: %(rate)s %% and %(fixed)s, give or take %(tolerance)s") % words
