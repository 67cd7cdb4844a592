"""What the page of a discrepancy shows: the sum that adds up, the fields, the candidates, the way to its sources."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, time_cell, zone_of
from billing.models import Payment, ProviderEvent, ProviderRecord
from reconciliation.models import CauseMember, ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.sentences import clears_when, sentence, type_name
from reconciliation.statement_sentences import part_words
from reconciliation.wording import capital, source_words

from .cause_words import cause_name
from .compared import ONE_SIDED, compared_fields, fields_of, without_amounts
from .labels import severity_cell, status_cell
from .log_words import action_words, actor_words, change_text, reason_words
from .notes import note_html
from .side_words import difference_name, side_links, theirs_of
from .sides import SIDES

HISTORY_SHOWN = 50
CANDIDATES_SHOWN = 8


def tie_out(row: ReconciliationDiscrepancy) -> list[dict[str, Any]]:
    """Ours, provider, difference, each explained part, the rest; nothing where amounts are not compared.

    A record whose money never moved counts as 0.00, so that the lines add up.
    """
    if row.difference_minor is None:
        return []
    facts = row.explanation
    counted = counted_amounts(row)
    right_name = theirs_of(row)
    parts = facts.get("parts", [])
    return [
        {"name": SIDES[row.comparison][0].name, "minor": counted[0], "cell": amount_cell(counted[0], row.currency)},
        {"name": right_name, "minor": counted[1], "cell": amount_cell(counted[1], row.currency)},
        {
            "name": difference_name(row),
            "minor": row.difference_minor,
            "cell": amount_cell(row.difference_minor, row.currency, sign=True),
            "rule": True,
        },
        *(
            {
                "name": _("Explained: %(part)s") % {"part": explained_by(part)},
                "minor": part["amount_minor"],
                "cell": amount_cell(part["amount_minor"], row.currency, sign=True),
            }
            for part in parts
        ),
        {
            "name": _("Unexplained"),
            "minor": row.unexplained_minor or 0,
            "cell": amount_cell(row.unexplained_minor or 0, row.currency, sign=True),
            "rule": True,
        },
    ]


def explained_by(part: dict[str, Any]) -> str:
    """What explains a part of a difference, and where that is on record."""
    words = {
        "fee": _("card fee"),
        "refund": _("refund"),
        "returned": _("came back to the balance"),
        "taken_back": _("taken back"),
    }
    name = words.get(part["code"]) or part_words(part["code"])
    return f"{name}, {source_words(part['source'])}"


def counted_amounts(row: ReconciliationDiscrepancy) -> tuple[int, int]:
    """Both amounts as the difference counts them: an absent side, or money that never moved, is 0."""
    left, right = row.explanation.get("left"), row.explanation.get("right")
    if row.comparison == "statements":
        told = [int(value) if value.lstrip("-").isdigit() else 0 for value in (row.expected, row.actual)]
        fits = told[1] - told[0] == row.difference_minor
        return (told[0], told[1]) if fits else (0, row.difference_minor or 0)
    ours = left["amount_minor"] if left else 0
    theirs = right["amount_minor"] if right else 0
    if theirs - ours != row.difference_minor:
        ours, theirs = (0, row.difference_minor or 0) if right and not left else (-(row.difference_minor or 0), 0)
    return ours, theirs


def candidates(row: ReconciliationDiscrepancy, zone: Any, window: timedelta) -> dict[str, Any] | None:
    """The records that fit equally, a column each: their names, and per field ours and theirs with a mark."""
    left = row.explanation.get("left")
    rivals = row.explanation.get("rivals", [])[:CANDIDATES_SHOWN]
    if not left or not rivals:
        return None
    columns = [fields_of(left, rival, zone, window) for rival in rivals]
    return {
        "names": [rival["key"] or rival["own"] or "–" for rival in rivals],
        # The provider's records come first; the other payments they fit cannot be chosen for this one.
        "choosable": sum(rival.get("provider") is not None for rival in rivals),
        "rows": [
            {"name": fields[0].name, "left": fields[0].left, "cells": fields}
            for fields in zip(*columns, strict=True)
            if any(field.left != field.right or field.state != ONE_SIDED for field in fields)
        ],
    }


def links(row: ReconciliationDiscrepancy) -> list[tuple[str, str]]:
    """The way to every row behind the discrepancy. A row that is gone has no link."""
    found: list[tuple[str, str]] = []
    if row.comparison == "payments":
        found += payment_links(row) + (record_links(row) if row.right_id else [])
    else:
        found += side_links(row)
    item = (
        ReconciliationItem.objects.filter(
            Q(left_id=row.left_id, right_id=row.right_id)
            | Q(left_id=row.left_id, left_id__gt=0, closed_run__isnull=True)
            | Q(right_id=row.right_id, right_id__gt=0, closed_run__isnull=True),
            organization=row.organization_id,
            comparison=row.comparison,
        )
        .order_by("-pk")
        .first()
    )
    if item:
        found.append(
            (
                _("Result and its earlier versions"),
                reverse("admin:reconciliation_reconciliationitem_change", args=[item.pk]),
            )
        )
    search = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    for side, text in (("twin", _("The other charge, %(id)s")), ("claimed_by", _("The payment that holds it, %(id)s"))):
        facts = row.explanation.get(side)
        name = facts and (facts["key"] if side == "twin" else facts["own"])
        if name:
            model = "billing_providerrecord" if side == "twin" else "billing_payment"
            found.append((text % {"id": name}, f"{reverse(f'admin:{model}_changelist')}?q={name}"))
    found += same_cause(row)
    party = (row.explanation.get("left") or row.explanation.get("right") or {}).get("party")
    if party:
        found.append((_("Open discrepancies of customer %(id)s") % {"id": party}, f"{search}?q={party}"))
    return found


def same_cause(row: ReconciliationDiscrepancy) -> list[tuple[str, str]]:
    """The way to what it shares with others, if that is known."""
    try:
        member = row.cause_member
    except CauseMember.DoesNotExist:
        return []
    member.cause.organization = row.organization
    text = _("Same cause: %(name)s") % {"name": cause_name(member.cause)}
    return [(text, reverse("admin:reconciliation_cause_change", args=[member.cause_id]))]


def payment_links(row: ReconciliationDiscrepancy) -> list[tuple[str, str]]:
    """Our payment."""
    payment = Payment.objects.filter(pk=row.left_id, organization=row.organization_id).first()
    if payment is None:
        return []
    text = _("Payment %(id)s (version %(number)d)") % {"id": payment.external_id, "number": payment.current_number}
    return [(text, reverse("admin:billing_payment_change", args=[payment.pk]))]


def record_links(row: ReconciliationDiscrepancy) -> list[tuple[str, str]]:
    """The provider's record and its events."""
    record = ProviderRecord.objects.filter(pk=row.right_id, organization=row.organization_id).first()
    if record is None:
        return []
    events = ProviderEvent.objects.filter(organization=row.organization_id, object_id=record.external_id)
    known = len(events.values_list("pk", flat=True)[:100])
    kind = str(record.get_kind_display())
    found = [
        (f"{capital(kind)} {record.external_id}", reverse("admin:billing_providerrecord_change", args=[record.pk]))
    ]
    if known:
        text = _("Its events (%(count)s)") % {"count": known if known < 100 else "100+"}
        found.append((text, f"{reverse('admin:billing_providerevent_changelist')}?q={record.external_id}"))
    return found


def history(row: ReconciliationDiscrepancy) -> list[dict[str, Any]]:
    """What was done about it, newest first."""
    entries = ReconciliationActionLog.objects.filter(organization=row.organization_id, discrepancy=row.pk)
    zone = zone_of(row)
    return [
        {
            "time": time_cell(entry.at, zone),
            "who": actor_words(entry.actor),
            "what": action_words(entry.action),
            "change": change_text(entry) if entry.before else entry.after.get("reason_code", ""),
            "reason": note_html(entry.reason) if entry.actor_user_id else reason_words(entry.reason),
            "url": reverse("admin:reconciliation_reconciliationactionlog_change", args=[entry.pk]),
        }
        for entry in entries.order_by("-pk")[:HISTORY_SHOWN]
    ]


def discrepancy_page(row: ReconciliationDiscrepancy) -> dict[str, Any]:
    """Everything the template shows."""
    zone = zone_of(row)
    window = timedelta(seconds=row.organization.match_window_seconds)
    left, right = row.explanation.get("left"), row.explanation.get("right")
    comparable = left and right and not row.reference
    fields = compared_fields(left, right, zone, window, row.comparison) if comparable else []
    if comparable and row.comparison == "statements" and row.difference_minor is not None:
        apart = right["amount_minor"] - left["amount_minor"]
        fields = without_amounts(fields) if apart not in (0, row.difference_minor) else fields
    return {
        "row": row,
        "severity": severity_cell(row.severity),
        "status": status_cell(row.status),
        "heading": type_name(row.type),
        "difference": amount_cell(row.difference_minor, row.currency, sign=True)
        if row.difference_minor is not None
        else "",
        "opened": time_cell(row.opened_at, zone),
        "sentence": sentence(row, zone),
        "clears": clears_when(row),
        "tie_out": tie_out(row),
        "ours": SIDES[row.comparison][0].name,
        "provider": theirs_of(row),
        "loud": [field for field in fields if field.state in ("differs", "near")],
        "quiet": [field for field in fields if field.state in ("equal", "one-sided")],
        "agreeing": sum(field.state == "equal" for field in fields),
        "candidates": candidates(row, zone, window),
        "more_candidates": max(0, len(row.explanation.get("rivals", [])) - CANDIDATES_SHOWN),
        "links": links(row),
        "history": history(row),
    }
