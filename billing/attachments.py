"""Giving lines of the statement to their tenants later: by words that came in since, or by a person."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from .models import InvoicePaymentVersion, Organization, StatementLineVersion
from .statement_lines import LineFacts, Said
from .statement_queries import current_lines
from .statement_store import BOOK, digest, joined, note_readers
from .tenants import PERSON, BilledFor, billed_for, links, workspaces
from .versions import Decide, append_versions

AT_ONCE: Final = 500


class AttachmentRefused(ValueError):
    """Lines that cannot be attached so; `str()` of it says why."""


@dataclass(slots=True)
class Attached:
    """What became of each line asked for, by the provider's id."""

    attached: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def resolve_lines(*, organization: Organization, by: str, now: datetime) -> int:
    """Ask again about lines without a tenant or an invoice, after invoices or organizations came in; gives how many
    got an answer. Stripe is not asked.
    """
    known = workspaces()
    last, answered = 0, 0
    while True:
        some = list(_answerable(organization, known).filter(pk__gt=last).order_by("pk")[:AT_ONCE])
        if not some:
            return answered
        last = some[-1].pk
        answered += _resolve(organization, some, known, by, now)


def _answerable(organization: Organization, known: dict[str, int]) -> Any:
    """Lines somebody could answer for by now: linked to an invoice, or naming a workspace that is known."""
    links_now = InvoicePaymentVersion.objects.filter(organization=organization)
    linked: Any = Exists(links_now.filter(payment_reference=OuterRef("intent_reference")).exclude(payment_reference=""))
    linked |= Exists(links_now.filter(payment_reference=OuterRef("charge_reference")).exclude(payment_reference=""))
    open_ones = Q(tenant=None) & Q(workspace__in=sorted(known))
    if organization.stripe_account:
        open_ones |= Q(tenant=None)
    rows = current_lines(organization).select_related("line")
    return rows.filter(open_ones | (linked & (Q(tenant=None) | Q(invoice_reference=""))))


def _resolve(
    organization: Organization, rows: Sequence[StatementLineVersion], known: dict[str, int], by: str, now: datetime
) -> int:
    facts = {row.line.external_id: stored_facts(row) for row in rows}
    billed = billed_for(organization, (name for one in facts.values() for name in one.references))
    with transaction.atomic():
        stored = append_versions(
            book=BOOK,
            organization=organization,
            decisions={key: _decision(organization, one, billed, known) for key, one in facts.items()},
            common={"recorded_at": now, "recorded_by": by[:150]},
        )
        note_readers(organization, stored.versions)
    return len(stored.versions)


def _decision(
    organization: Organization, facts: LineFacts, billed: dict[str, BilledFor], known: dict[str, int]
) -> Callable[[StatementLineVersion | None], dict[str, Any] | None]:
    answered = links(organization=organization, facts=facts, billed=billed, known=known)

    def decide(current: StatementLineVersion | None) -> dict[str, Any] | None:
        if current is None or current.excluded_reason:
            return None
        return joined(current, {}, answered) | {"fetch_id": current.fetch_id}

    return decide


def stored_facts(row: StatementLineVersion) -> LineFacts:
    """The facts of a stored line that answers are made of."""
    metadata = row.detail.get("metadata") or {}
    said = [Said(who, values) for who, values in metadata.items() if isinstance(values, dict)]
    values = {"charge_reference": row.charge_reference, "intent_reference": row.intent_reference}
    return LineFacts(row.line.external_id, values, said)


def attach_lines(
    *, organization: Organization, tenant: Organization, external_ids: Iterable[str], by: str, reason: str,
    now: datetime,
) -> Attached:  # fmt: skip
    """Give lines of `organization`'s statement to `tenant`, as a person says; later ingestions leave that alone.

    Raises AttachmentRefused without a reason.
    """
    if not reason.strip():
        raise AttachmentRefused(_("Say why these lines belong to %s.") % tenant.slug)
    wanted = sorted(set(external_ids))
    here = current_lines(organization).filter(line__external_id__in=wanted, number=F("line__current_number"))
    found = set(here.values_list("line__external_id", flat=True))
    result = Attached(unknown=[one for one in wanted if one not in found])
    with transaction.atomic():
        for start in range(0, len(wanted), AT_ONCE):
            some = [one for one in wanted[start : start + AT_ONCE] if one in found]
            stored = append_versions(
                book=BOOK,
                organization=organization,
                decisions={one: _given_to(tenant) for one in some},
                common={"recorded_at": now, "recorded_by": by[:150], "reason": reason},
            )
            note_readers(organization, stored.versions)
            changed = {version.line_id for version in stored.versions}
            lines = here.filter(line__external_id__in=some).values_list("line__external_id", "line_id")
            for external_id, line_id in lines:
                (result.attached if line_id in changed else result.already).append(external_id)
    return result


def _given_to(tenant: Organization) -> Decide:
    def decide(current: StatementLineVersion | None) -> dict[str, Any] | None:
        if current is None or current.excluded_reason:
            return None
        if current.tenant_id == tenant.pk:
            return None
        values = joined(current, {}, {}) | {"tenant_id": tenant.pk, "tenant_answer": PERSON}
        return values | {"content_digest": digest(values), "fetch_id": current.fetch_id}

    return decide
