"""Pieces of a page that need markup: amounts, times, words with a shape. Everything from outside is escaped."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.models import Status
from billing.wording import number_text, stamp_text

STATUS_SHAPES = {
    "succeeded": "●",
    "pending": "◐",
    "failed": "✕",
    "canceled": "⊘",
    "refunded": "↩",
    "partially_refunded": "↩",
}


def amount_cell(amount_minor: int | None, currency: str, *, sign: bool = False) -> SafeString:
    """An amount with its currency behind it; a dash where there is none, which is not zero."""
    if amount_minor is None:
        return format_html('<span class="nothing" title="{}">–</span>', _("not compared"))
    return format_html(
        '<span class="amount">{} <span class="currency">{}</span></span>',
        number_text(amount_minor, currency, sign=sign),
        currency,
    )


def time_cell(moment: datetime | None, zone: ZoneInfo, *, seconds: bool = False) -> SafeString:
    """A time in `zone`, with UTC on hover."""
    if moment is None:
        return format_html('<span class="nothing">{}</span>', "–")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(),
        moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        stamp_text(moment, zone, seconds=seconds),
    )


def date_cell(moment: datetime, zone: ZoneInfo) -> SafeString:
    """The day of a time in `zone`, with the whole time on hover; for lists that need the room."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(),
        f"{stamp_text(moment, zone, seconds=True)} = {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        moment.astimezone(zone).date().isoformat(),
    )


def shaped(shape: str, word: str, kind: str = "") -> SafeString:
    """A word with a shape before it: meaning never hangs on colour alone."""
    return format_html('<span class="shaped {}"><span aria-hidden="true">{}</span> {}</span>', kind, shape, word)


def record_status(status: str) -> SafeString:
    """A record's canonical status."""
    word = dict(Status.choices).get(status, status)
    return shaped(STATUS_SHAPES.get(status, "?"), str(word).capitalize(), f"record-{status}")


def code_cell(text: str) -> SafeString:
    """An id, set so that digits and letters can be told apart."""
    return (
        format_html('<code title="{0}">{0}</code>', text)
        if text
        else format_html('<span class="nothing">{}</span>', "–")
    )


def link(model: str, pk: int, text: str) -> SafeString:
    """A link to the admin page of a row; `model` is "app_model"."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{model}_change", args=[pk]), text)


def pretty_json(value: Any) -> str:
    """JSON for reading; the template escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def zone_of(row: Any) -> ZoneInfo:
    """The zone of a row's organization."""
    return ZoneInfo(row.organization.timezone)
