"""Links that take the list of a page away, with its filters."""

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse

from reconciliation.exports import COLUMNS

register = template.Library()
PLACE = ("p", "o", "after", "before", "all", "e")


@register.simple_tag(takes_context=True)
def export_links(context: dict[str, Any], change_list: Any) -> list[tuple[str, str]]:
    """Name and address of each form the list can be had in; none for a list that cannot."""
    name = change_list.opts.model_name
    if name not in COLUMNS:
        return []
    query: QueryDict = context["request"].GET.copy()
    for one in PLACE:
        query.pop(one, None)
    return [
        (form.upper(), f"{reverse('admin:reconciliation_listexport_take', args=[name, form])}?{query.urlencode()}")
        for form in ("csv", "xlsx")
    ]
