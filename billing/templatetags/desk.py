"""Tags of the desk's own templates."""

from typing import Any

from django import template

from billing.access import chosen_organization, memberships_of

register = template.Library()
MOST = 200


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
