"""What the page of a statement line shows."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, code_cell, time_cell, zone_of
from billing.admin.payouts import brought_by
from billing.admin.versions import Column
from billing.models import StatementLine, StatementLineVersion


def answer_word(answer: str) -> str:
    """Who said whose a line is, or which invoice it is for."""
    return {
        "account": _("the Stripe account"),
        "charge": _("the charge's metadata"),
        "payment_intent": _("the payment intent's metadata"),
        "invoice": _("the invoice's metadata"),
        "subscription": _("the subscription's metadata"),
        "invoice_payment": _("Stripe's link between payment and invoice"),
        "person": _("a person"),
    }.get(answer, answer or "–")


def owner_word(now: StatementLineVersion, visible: Collection[int]) -> str:
    """Whose it is; the name of an organization only to those who may see it."""
    if now.tenant is None:
        return _("no one yet")
    return now.tenant.name if now.tenant_id in visible else _("another organization")


def facts(line: StatementLine, now: StatementLineVersion, visible: Collection[int]) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    zone = zone_of(line)
    told = [
        (_("Statement of"), line.organization.name),
        (_("Belongs to"), owner_word(now, visible)),
        (_("Said by"), answer_word(now.tenant_answer)),
        (_("Workspace named"), code_cell(now.workspace)),
        (_("Kind"), str(now.get_kind_display()).capitalize()),
        (_("Stripe's words"), code_cell(" / ".join(word for word in (now.category, now.type) if word))),
        (_("Gross"), amount_cell(now.gross_minor, now.currency)),
        (_("Fee"), amount_cell(now.fee_minor, now.currency)),
        (_("Net"), amount_cell(now.net_minor, now.currency)),
        (_("Created"), time_cell(now.occurred_at, zone, seconds=True)),
        (_("Available"), time_cell(now.available_at, zone)),
        (_("Source"), code_cell(now.source_reference)),
        (_("Payment intent"), code_cell(now.intent_reference)),
        (_("Invoice"), code_cell(now.invoice_reference)),
        (_("Invoice said by"), answer_word(now.invoice_answer)),
        (_("Payout"), code_cell(now.payout_reference)),
    ]
    if now.presentment_minor is not None and now.presentment_currency != now.currency:
        told += [
            (_("Customer paid"), amount_cell(now.presentment_minor, now.presentment_currency)),
            (_("Exchange rate"), now.exchange_rate or "–"),
        ]
    return told


def fee_rows(now: StatementLineVersion) -> list[tuple[str, Any]]:
    """What the fee is made of."""
    parts = [one for one in now.fee_details if isinstance(one, dict)]
    return [(_fee_name(one), amount_cell(one.get("amount"), str(one.get("currency", "")).upper())) for one in parts]


def _fee_name(one: dict[str, Any]) -> str:
    return str(one.get("description") or one.get("type") or "–")


def columns(line: StatementLine) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(line)
    return [
        Column(_("Net"), lambda v: (v.net_minor, v.currency), lambda v: amount_cell(v.net_minor, v.currency)),
        Column(_("Invoice"), lambda v: v.invoice_reference, lambda v: code_cell(v.invoice_reference)),
        Column(_("Payout"), lambda v: v.payout_reference, lambda v: code_cell(v.payout_reference)),
        Column(_("Said by"), lambda v: v.tenant_answer, lambda v: answer_word(v.tenant_answer)),
        Column(_("Counts"), lambda v: v.excluded_reason, lambda v: _("withdrawn") if v.excluded_reason else _("yes")),
        Column(_("Reason"), lambda _v: None, lambda v: v.reason or "–"),
        Column(_("Recorded"), lambda _v: None, lambda v: time_cell(v.recorded_at, zone)),
        Column(_("Brought by"), lambda _v: None, brought_by),
    ]


def links(line: StatementLine, now: StatementLineVersion) -> list[tuple[str, str]]:
    """Where to go from here."""

    def to(view: str, term: str) -> str:
        return reverse(f"admin:{view}_changelist") + f"?q={term}"

    found = [(_("Items of this line"), to("reconciliation_reconciliationitem", line.external_id))]
    if now.source_reference:
        found.append((_("Its source among the provider records"), to("billing_providerrecord", now.source_reference)))
    if now.invoice_reference:
        found.append((_("Its invoice"), to("billing_invoice", now.invoice_reference)))
    if now.payout_reference:
        found.append((_("Its payout"), to("billing_payout", now.payout_reference)))
    if now.intent_reference:
        found.append((_("Other lines of the same payment"), to("billing_statementline", now.intent_reference)))
    return found
