"""Addresses of the billing API."""

from django.urls import URLPattern, path

from .webhooks import StripeWebhookView

urlpatterns: list[URLPattern] = [
    path("webhooks/stripe/<slug:organization>", StripeWebhookView.as_view(), name="stripe-webhook"),
]
