"""The fees an organization agreed with its provider. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MILLION = 1_000_000
RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True)
class Terms:
    """What the provider takes of a payment that settles in `currency`: a share (parts per million) and a fixed amount
    (minor units). `line_type`: the provider's word for the lines it holds for (charge: cards; payment: other ways to
    pay), blank for all others. A fee within `tolerance_minor` is as agreed.
    """

    currency: str
    line_type: str = ""
    rate_ppm: int = 0
    fixed_minor: int = 0
    tolerance_minor: int = 1


def expected_fee(terms: Terms, amount_minor: int) -> int:
    """The fee of a payment in minor units, rounded half up."""
    return (amount_minor * terms.rate_ppm + MILLION // 2) // MILLION + terms.fixed_minor


def terms_for(agreed: Iterable[Terms], currency: str, line_type: str) -> Terms | None:
    """The terms a line falls under: those for its type, else those for any; None where nothing was agreed."""
    known = {(terms.currency, terms.line_type): terms for terms in agreed}
    return known.get((currency, line_type)) or known.get((currency, ""))


def parse_rate(text: str) -> int | None:
    """A percentage with at most four decimals ("1.5") as parts per million; None for anything else."""
    found = RATE.fullmatch(text.strip())
    if found is None:
        return None
    parts = int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))
    return parts if parts <= MILLION else None


def rate_text(rate_ppm: int) -> str:
    """Parts per million as a percentage, without the sign: 1.5."""
    return f"{rate_ppm // 10_000}.{rate_ppm % 10_000:04}".rstrip("0").rstrip(".")
