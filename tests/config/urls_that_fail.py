"""The product's addresses and a few that fail on purpose."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from config import urls
from config.urls import handler400, handler403, handler404, handler500  # noqa: F401


class Amount(serializers.Serializer):
    currency = serializers.CharField(max_length=3)
    parts = serializers.ListField(child=serializers.IntegerField())


class Failing(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request, kind: str) -> Any:
        raise {"crash": ZeroDivisionError("whsec_hunter2"), "denied": PermissionDenied()}[kind]

    def post(self, request: Request, kind: str) -> Any:
        Amount(data=request.data).is_valid(raise_exception=True)


class Closed(APIView):
    def get(self, request: Request) -> Any:
        raise AssertionError("nobody gets here")


def crash(request: HttpRequest) -> Any:
    raise ZeroDivisionError("whsec_hunter2")


def deny(request: HttpRequest) -> Any:
    raise PermissionDenied


urlpatterns = [
    path("api/test/view/<str:kind>", Failing.as_view()),
    path("api/test/closed", Closed.as_view()),
    path("api/test/plain/crash", crash),
    path("api/test/plain/denied", deny),
    path("test/crash", crash),
    *urls.urlpatterns,
]
