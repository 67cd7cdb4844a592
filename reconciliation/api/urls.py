"""Addresses of the reconciliation's API."""

from django.urls import URLPattern, path

from .steps import Acknowledge, Requeue, Resolve
from .views import DiscrepancyDetail, DiscrepancyList, DisputeList, RunDetail, RunList

ONE = "discrepancies/<int:discrepancy_id>"
urlpatterns: list[URLPattern] = [
    path("runs", RunList.as_view(), name="api-runs"),
    path("runs/<int:run_id>", RunDetail.as_view(), name="api-run"),
    path("discrepancies", DiscrepancyList.as_view(), name="api-discrepancies"),
    path(ONE, DiscrepancyDetail.as_view(), name="api-discrepancy"),
    path(f"{ONE}/acknowledge", Acknowledge.as_view(), name="api-discrepancy-acknowledge"),
    path(f"{ONE}/resolve", Resolve.as_view(), name="api-discrepancy-resolve"),
    path(f"{ONE}/requeue", Requeue.as_view(), name="api-discrepancy-requeue"),
    path("disputes", DisputeList.as_view(), name="api-disputes"),
]
