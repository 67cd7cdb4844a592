"""What the lines of a list come to, by currency, in a sentence each."""

from typing import Any

from django.db.models import F, QuerySet, Sum, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import StatementLineVersion
from billing.wording import amount_text, count_text

MOST = 10_000


def totals(lines: QuerySet[Any]) -> list[str]:
    """A sentence for each currency; beyond `MOST` lines one that says how to see them. Withdrawn lines do not count."""
    some = lines.order_by().values("pk")[: MOST + 1]
    rows = StatementLineVersion.objects.filter(line__in=some, number=F("line__current_number"))
    sums = (
        rows.values("currency", "excluded_reason")
        .order_by("currency", "excluded_reason")
        .annotate(lines=Sum(Value(1)), gross=Sum("gross_minor"), fees=Sum("fee_minor"), nets=Sum("net_minor"))
    )
    found: list[Any] = list(sums)
    if sum(row["lines"] for row in found) > MOST:
        text = _("More than %(most)s lines: choose days or a kind to see what they come to.")
        return [text % {"most": count_text(MOST)}]
    return [_sentence(row) for row in found if not row["excluded_reason"]]


def _sentence(row: dict[str, Any]) -> str:
    text = ngettext(
        "%(n)s line in %(currency)s: gross %(gross)s, fees %(fees)s, net %(net)s",
        "%(n)s lines in %(currency)s: gross %(gross)s, fees %(fees)s, net %(net)s",
        row["lines"],
    )
    currency = row["currency"]
    amounts = {"gross": row["gross"], "fees": row["fees"], "net": row["nets"]}
    shown = {name: amount_text(int(amount), currency) for name, amount in amounts.items()}
    return text % {"n": count_text(row["lines"]), "currency": currency, **shown}
