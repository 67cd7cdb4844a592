"""Resolution codes as data: what a discrepancy may be resolved as, and what each code asks for and does."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reconciliation.models import ReconciliationDiscrepancy

DUPLICATE = "duplicate"


@dataclass(frozen=True)
class ResolutionCode:
    """`adjusts`: resolving creates an adjustment entry of the whole difference. `two_people`: never closed alone,
    whatever the amount. `names_other`: the discrepancy it repeats has to be named.
    """

    code: str
    title: Any
    does: Any
    adjusts: bool = False
    two_people: bool = False
    names_other: bool = False

    def fits(self, row: ReconciliationDiscrepancy) -> bool:
        """Whether the code can resolve `row`: money is corrected only where an amount is known and is not zero."""
        return not self.adjusts or bool(row.difference_minor)


NOTHING = _("No ledger row changes.")
CODES = (
    ResolutionCode("timing", _("Timing"), NOTHING),
    ResolutionCode("corrected_at_source", _("Corrected at the source"), NOTHING),
    ResolutionCode(
        "adjustment", _("Adjustment"), _("An adjustment entry is added. No ledger row changes."),
        adjusts=True, two_people=True,
    ),
    ResolutionCode(
        "write_off", _("Write-off"), _("A write-off is added as an adjustment entry. No ledger row changes."),
        adjusts=True,
    ),
    ResolutionCode("provider_error", _("Provider's error"), NOTHING),
    ResolutionCode("accepted_difference", _("Accepted difference"), NOTHING),
    ResolutionCode("intended", _("Intended, not an error"), NOTHING),
    ResolutionCode(DUPLICATE, _("Duplicate of another discrepancy"), NOTHING, names_other=True),
    ResolutionCode("other", _("Other, see the reason"), NOTHING),
)  # fmt: skip
BY_CODE = {code.code: code for code in CODES}


def codes_for(row: ReconciliationDiscrepancy, *, alone: bool = False) -> list[ResolutionCode]:
    """The codes that can resolve `row`; with `alone`, those that one manager may use."""
    return [code for code in CODES if code.fits(row) and not (alone and code.two_people)]
