"""Somebody who calls the API, and what it answers."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from reconciliation.models import ReconciliationDiscrepancy
from tests.people import browser

ROOT = "/api/v1/reconciliation/"


class Caller:
    """A program that is signed in as somebody."""

    def __init__(self, user: User) -> None:
        self.client: Client = browser(user)

    def get(self, address: str, **query: Any) -> dict[str, Any]:
        """What an address answers, which must be 200."""
        response = self.client.get(f"{ROOT}{address}", query)
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        assert found["meta"]["request_id"] == response.headers["X-Request-ID"]
        return found

    def ids(self, address: str, **query: Any) -> list[Any]:
        """The ids a list answers."""
        return [row["id"] for row in self.get(address, **query)["data"]]

    def refused(self, address: str, **query: Any) -> tuple[int, dict[str, Any]]:
        """Status and error of an address that is not answered."""
        response = self.client.get(f"{ROOT}{address}", query)
        return response.status_code, response.json()["error"]

    def post(self, row: ReconciliationDiscrepancy | int, step: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a step; without a version, the current one is sent."""
        pk = row if isinstance(row, int) else row.pk
        if "version" not in body and not isinstance(row, int):
            body["version"] = ReconciliationDiscrepancy.objects.get(pk=pk).version
        response = self.client.post(f"{ROOT}discrepancies/{pk}/{step}", body, content_type="application/json")
        return response.status_code, response.json()
