"""Words for people: amounts, times and the sentence that says why a discrepancy is one. In the reader's language and
zone.
"""

from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from billing.wording import amount_text, time_text

Facts = dict[str, Any]


def moment_text(micros: int, zone: tzinfo) -> str:
    """Microseconds since 1970 UTC as a person in `zone` reads it: 18 Nov 2026, 09:31 CET."""
    moment = datetime.fromtimestamp(micros // 1_000_000, UTC)
    return time_text(moment, zone)


def money(record: Facts) -> str:
    """The amount of a record."""
    return amount_text(record["amount_minor"], record["currency"])


def provider_name(record: Facts | None) -> str:
    """Who the provider is, as a sentence names it."""
    name = (record or {}).get("provider")
    return "Stripe" if name in (None, "stripe") else _("the provider file") if name == "csv" else str(name)


def capital(text: str) -> str:
    """With a capital first letter, whatever follows."""
    return text[:1].upper() + text[1:]
