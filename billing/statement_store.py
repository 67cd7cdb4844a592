"""Statement lines in: what a source states, joined with what is known, appended where it says something new."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from .changes import note_records
from .models import Organization, ProviderFetch, SourceChange, StatementLine, StatementLineVersion
from .payout_names import note_payouts
from .statement_lines import LineFacts
from .statement_words import line_kind
from .strict_json import canonical
from .tenants import PERSON, billed_for, links, workspaces
from .versions import Book, Stored, append_versions

FACTS: Final = (
    *("account", "livemode", "kind", "type", "category", "gross_minor", "fee_minor", "net_minor", "currency"),
    *("presentment_minor", "presentment_currency", "exchange_rate", "fee_details", "occurred_at", "available_at"),
    *("source_reference", "source_type", "charge_reference", "intent_reference", "payout_reference", "customer"),
    *("workspace", "tenant_id", "tenant_answer", "invoice_reference", "invoice_answer", "detail", "excluded_reason"),
)
BOOK: Final = Book(
    identity=StatementLine,
    version=StatementLineVersion,
    link="line",
    fields=FACTS,
    journal=SourceChange.Source.STATEMENT_LINE,
)
_EMPTY: Final[dict[str, Any]] = {
    **dict.fromkeys((name for name in FACTS if name not in {"presentment_minor", "available_at", "tenant_id"}), ""),
    "presentment_minor": None,
    "available_at": None,
    "tenant_id": None,
    "livemode": False,
}


def store_lines(
    *,
    organization: Organization,
    facts: Iterable[LineFacts],
    fetch: ProviderFetch,
    now: datetime,
    payout: str = "",
) -> Stored:
    """Store lines of one statement; `payout`: the payout whose lines these are. Runs inside the caller's transaction.

    A line that says nothing new writes nothing. One that was withdrawn and is stated again counts again.
    """
    by_id = {one.external_id: one for one in facts}
    billed = billed_for(organization, (name for one in by_id.values() for name in one.references))
    known = workspaces()
    stated: dict[str, Any] = {"account": fetch.account or organization.stripe_account, "livemode": fetch.livemode}
    if payout:
        stated["payout_reference"] = payout

    def decision(one: LineFacts) -> Callable[[StatementLineVersion | None], dict[str, Any]]:
        answered = links(organization=organization, facts=one, billed=billed, known=known)
        return lambda current: joined(current, one.values | stated, answered)

    stored = append_versions(
        book=BOOK,
        organization=organization,
        decisions={external_id: decision(one) for external_id, one in by_id.items()},
        common={"fetch": fetch, "recorded_at": now, "recorded_by": fetch.started_by},
    )
    note_readers(organization, stored.versions)
    return stored


def joined(
    current: StatementLineVersion | None, stated: Mapping[str, Any], answered: Mapping[str, Any]
) -> dict[str, Any]:
    """The facts of a line once `stated` and `answered` are laid over what is known; an attachment made by a person
    stays.
    """
    before = (
        {name: getattr(current, name) for name in FACTS} if current else {**_EMPTY, "detail": {}, "fee_details": []}
    )
    values = before | dict(stated) | {"excluded_reason": ""}
    values["detail"] = before["detail"] | stated.get("detail", {})
    kept = {"tenant_id", "tenant_answer", "workspace"} if before["tenant_answer"] == PERSON else set()
    values |= {name: value for name, value in answered.items() if name not in kept}
    values["kind"] = line_kind(
        category=values["category"],
        type_word=values["type"],
        gross_minor=values["gross_minor"],
        source_type=values["source_type"],
    ).value
    values["content_digest"] = digest(values)
    return values


def digest(values: Mapping[str, Any]) -> str:
    """SHA-256 over the facts of a line, in one form."""
    said = {name: values[name] for name in FACTS}
    said |= {name: said[name].isoformat() for name in ("occurred_at", "available_at") if said[name]}
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def note_readers(organization: Organization, versions: Sequence[StatementLineVersion]) -> None:
    """Note changed lines with everybody who reads them: their tenants, and the payouts they name. Call in the
    transaction that appended `versions`.
    """
    note_tenants(organization, versions)
    note_payouts(organization, versions)


def note_tenants(organization: Organization, versions: Sequence[StatementLineVersion]) -> None:
    """Note changed lines with their tenants too, those who got them and those who had them before."""
    pairs = {(version.tenant_id, version.line_id) for version in versions}
    later = [version.line_id for version in versions if version.number > 1]
    numbers = {version.line_id: version.number for version in versions}
    earlier = StatementLineVersion.objects.filter(line_id__in=later).values_list("tenant_id", "line_id", "number")
    pairs |= {(tenant, line) for tenant, line, number in earlier if number == numbers[line] - 1}
    by_tenant: dict[int, list[int]] = {}
    for tenant_id, line_id in sorted((tenant, line) for tenant, line in pairs if tenant not in {None, organization.pk}):
        by_tenant.setdefault(tenant_id, []).append(line_id)
    for tenant in Organization.objects.filter(pk__in=by_tenant):
        source = SourceChange.Source.STATEMENT_LINE
        note_records(organization=tenant, source=source, identity_ids=by_tenant[tenant.pk])
