"""Secrets do not reach the logs, whichever way they come."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings

from config.logs import logging_settings, masked

SECRETS = [
    "whsec_hunter2",
    "sk_live_hunter2",
    "rk_test_hunter2",
    "postgres://tieout:hunter2@db:5432/tieout",
    "https://hooks.slack.com/services/T0/B0/hunter2",
    "Authorization: Bearer hunter2",
    "GET /api/v1/x?token=hunter2&page=2",
]


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Logs as production writes them."""
    configured = logging_settings(as_json=True, level="INFO")
    stream = io.StringIO()
    configured["handlers"]["stderr"]["stream"] = stream
    configured["root"] = {"handlers": ["stderr"], "level": "INFO"}
    logging.config.dictConfig(configured)
    yield stream
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_text_is_hidden(output: io.StringIO, secret: str) -> None:
    logging.getLogger("tieout").warning("failed with %s", secret)
    structlog.get_logger("tieout").warning("failed", why=secret, nested={"list": [secret]})
    assert "hunter2" not in output.getvalue()
    assert output.getvalue().count("[hidden]") == 3


def test_a_secret_in_an_exception_is_hidden(output: io.StringIO) -> None:
    try:
        raise ValueError(SECRETS[3])
    except ValueError:
        logging.getLogger("tieout").exception("failed")
    entry = json.loads(output.getvalue())
    assert "ValueError" in entry["exception"]
    assert "hunter2" not in output.getvalue()


@pytest.mark.parametrize("name", ["password", "STRIPE_WEBHOOK_SECRETS", "x-reconciliation-token", "Authorization"])
def test_a_field_with_a_telling_name_is_hidden(name: str) -> None:
    assert masked({name: "hunter2"}) == {name: "[hidden]"}


def test_other_values_are_left_alone() -> None:
    plain = {"amount_minor": 1999, "event": "evt_1", "address": "https://example.com/a?page=2", "none": None}
    assert masked(plain) == plain


def test_an_entry_is_one_line_of_json_with_time_and_level(output: io.StringIO) -> None:
    logging.getLogger("tieout").warning("two\nlines")
    entry = json.loads(output.getvalue())
    assert (entry["event"], entry["level"], entry["logger"]) == ("two\nlines", "warning", "tieout")
    assert entry["timestamp"].endswith("Z")
