"""Addresses of the billing API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
