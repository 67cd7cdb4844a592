"""Payouts known by name only: lines of the statement name them, before the payout itself is fetched or without it.

A payout's identity is made as soon as a line names it, and the payout counts as changed when one of its lines changes:
whoever compares payouts with their lines reads one journal.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Q

from .changes import note_records
from .claims import insert_new
from .models import LineKind, Organization, Payout, SourceChange, StatementLineVersion

# The lines by which a payout itself stands on the statement: money leaving for the bank, and money coming back.
OWN_KINDS: Final = (LineKind.PAYOUT, LineKind.PAYOUT_REVERSAL)


def names_of(versions: Iterable[StatementLineVersion]) -> set[str]:
    """The payouts that lines name: the one that took them to the bank, and the one they are about."""
    listed = {version.payout_reference for version in versions}
    own = {version.source_reference for version in versions if version.kind in OWN_KINDS}
    return (listed | own) - {""}


def note_payouts(organization: Organization, versions: Sequence[StatementLineVersion]) -> None:
    """Note the payouts that lines of `organization`'s statement name, now or in the version before, as changed.

    Call in the transaction that appended `versions`.
    """
    later = [version.line_id for version in versions if version.number > 1]
    numbers = {version.line_id: version.number for version in versions}
    earlier = StatementLineVersion.objects.filter(
        Q(kind__in=OWN_KINDS) | ~Q(payout_reference=""), line_id__in=later
    ).only("line_id", "number", "kind", "payout_reference", "source_reference")
    before = [version for version in earlier if version.number == numbers[version.line_id] - 1]
    names = sorted(names_of([*versions, *before]))
    claim_payouts(organization, names)
    ids = Payout.objects.filter(organization=organization, external_id__in=names).order_by("pk")
    note_records(
        organization=organization, source=SourceChange.Source.PAYOUT, identity_ids=ids.values_list("pk", flat=True)
    )


def claim_payouts(organization: Organization, names: Sequence[str]) -> None:
    """Identities for payouts not known yet (names sorted); one without a version is known by its lines only."""
    if names:
        insert_new([Payout(organization=organization, external_id=name) for name in names], returning=("id",))
