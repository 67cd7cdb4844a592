"""Links that take the list of a page away, with its filters."""

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse

from reconciliation.exports import COLUMNS

register = template.Library()
PLACE = ("p", "o", "after", "before", "all", "e")


@register.simple_tag(takes_context=True)
def export_links(context: dict[str, Any], opts: Any, filters: str = "") -> list[tuple[str, str]]:
    """Name and address of each form the list of a model can be had in; none for a list that cannot.

    Under the filters of the page's address, unless a page that is no list of rows names its own.
    """
    name = opts.model_name
    if name not in COLUMNS:
        return []
    query: QueryDict = QueryDict(filters, mutable=True) if filters else context["request"].GET.copy()
    for one in PLACE:
        query.pop(one, None)
    return [
        (form.upper(), f"{reverse('admin:reconciliation_listexport_take', args=[name, form])}?{query.urlencode()}")
        for form in ("csv", "xlsx")
    ]
