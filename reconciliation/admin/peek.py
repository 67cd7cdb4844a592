"""A glance at a discrepancy without leaving the list: fetched when somebody looks, not with every row."""

from django.urls import reverse
from django.utils.html import format_html
from unfold.sections import BaseSection


class PeekSection(BaseSection):
    """A place that fills itself once it is seen."""

    def render(self) -> str:
        """A line of markup a row: fifty filled ones would weigh half a megabyte."""
        url = reverse("admin:reconciliation_reconciliationdiscrepancy_peek", args=[self.instance.pk])
        return format_html('<div class="peek" hx-get="{}" hx-trigger="intersect once" aria-live="polite"></div>', url)
