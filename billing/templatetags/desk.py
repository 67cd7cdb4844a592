"""Tags of the desk's own templates."""

import re
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from billing.access import chosen_organization, memberships_of

register = template.Library()
MOST = 200
CELL = re.compile(r'^(<t[dh] class="(?:field|action)-[\w-]+)[^"]*"')
LINK = re.compile(r' class="text-font-important-light dark:text-font-important-dark" ')


@register.inclusion_tag("desk/organization_switch.html", takes_context=True)
def organization_switch(context: dict[str, Any]) -> dict[str, Any]:
    """The choice of one organization for all pages, for whoever has several (and fewer than a list can hold)."""
    request = context["request"]
    own = memberships_of(request) if request.user.is_authenticated else []
    return {
        "organizations": own if 1 < len(own) <= MOST else [],
        "chosen": chosen_organization(request),
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def slim(cell: SafeString) -> SafeString:
    """A cell of a list as Unfold writes it, with one class for its two dozen: the desk's styles say the rest."""
    return mark_safe(LINK.sub("", CELL.sub(r'\1 cell"', cell, count=1), count=1))  # noqa: S308 - a cell that is safe stays so
