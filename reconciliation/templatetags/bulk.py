"""What the bulk bar needs to know of the rows of a page."""

from typing import Any

from django import template

from billing.money import UnknownCurrency, stripe_exponent

register = template.Library()


@register.simple_tag
def bulk_facts(change_list: Any) -> list[list[Any]]:
    """Of each row of the page: its id, its difference in minor units (null: none), its currency and that one's
    decimals. The bar adds up the ticked ones, a currency at a time.
    """
    return [
        [str(row.pk), row.difference_minor, row.currency, decimals(row.currency)] for row in change_list.result_list
    ]


def decimals(currency: str) -> int:
    """How many decimals a currency has; none for one that is not known."""
    try:
        return stripe_exponent(currency)
    except UnknownCurrency:
        return 0
