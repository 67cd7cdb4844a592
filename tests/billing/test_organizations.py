"""Creating and changing organizations."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from billing.events import record_objects
from billing.management.refusals import Refused
from billing.models import Organization, ProviderRecord, ProviderRecordVersion
from billing.organizations import OrganizationInvalid, save_organization

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def create(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_organization", "acme", *arguments, stdout=out)
    return out.getvalue()


def test_a_new_organization_is_stored_with_what_was_given() -> None:
    text = create(
        "--name", "Acme", "--timezone", "Europe/Paris", "--currency", "eur", "--reference-keys", "a, b", "--live"
    )
    acme = Organization.objects.get()
    assert text == "Created acme (Acme).\n"
    assert (acme.timezone, acme.currency, acme.reference_keys, acme.livemode) == (
        "Europe/Paris",
        "EUR",
        ["a", "b"],
        True,
    )


def test_repeating_changes_nothing_and_says_so() -> None:
    create("--name", "Acme", "--currency", "EUR")
    assert "nothing changed" in create("--name", "Acme", "--currency", "eur")


def test_repeating_changes_only_what_is_named_and_says_what() -> None:
    create("--name", "Acme", "--timezone", "Europe/Paris")
    assert (
        create("--refunds", "never", "--stripe-account", "acct_1")
        == "stripe_account: (none) → acct_1\nrefunds: auto → never\n"
    )
    acme = Organization.objects.get()
    assert (acme.name, acme.timezone, acme.refunds, acme.stripe_account) == ("Acme", "Europe/Paris", "never", "acct_1")


def test_json_tells_before_and_after() -> None:
    create("--name", "Acme")
    assert json.loads(create("--name", "Acme Ltd", "--json")) == {
        "organization": "acme",
        "created": False,
        "changes": {"name": {"before": "Acme", "after": "Acme Ltd"}},
    }


def test_a_new_organization_needs_a_name() -> None:
    with pytest.raises(Refused, match="give its --name"):
        create("--currency", "EUR")
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"timezone": "Europe/Atlantis"}, "Europe/Atlantis"),
        ({"timezone": "../etc/passwd"}, "not a known time zone"),
        ({"currency": "XYZ"}, "XYZ"),
        ({"reference_keys": ["a", "a"]}, "reference keys"),
        ({"reference_keys": [""]}, "reference keys"),
        ({"refunds": "sometimes"}, "refunds"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_values_nothing_could_work_with_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(OrganizationInvalid, match=words):
        save_organization(slug="acme", fields={"name": "Acme", **fields}, now=NOW)
    assert not Organization.objects.exists()


def test_a_short_name_is_made_of_lower_case_letters_digits_and_hyphens() -> None:
    with pytest.raises(OrganizationInvalid, match="slug"):
        save_organization(slug="Not A Slug", fields={"name": "Acme"}, now=NOW)


def test_new_reference_keys_are_looked_for_in_records_that_are_here_already() -> None:
    saved = save_organization(slug="acme", fields={"name": "Acme", "reference_keys": ["a"]}, now=NOW)
    charge = {
        "object": "charge",
        "id": "ch_1",
        "created": 1767607200,
        "amount": 500,
        "currency": "eur",
        "status": "succeeded",
        "livemode": False,
        "metadata": {"a": "A-1", "b": "B-1"},
    }
    record_objects(organization=saved.organization, objects=[charge], source="object_import", now=NOW)
    again = save_organization(slug="acme", fields={"reference_keys": ["b", "a"]}, now=NOW)
    assert again.changes == {"reference_keys": (["a"], ["b", "a"])}
    current = ProviderRecord.objects.get().current_number
    assert ProviderRecordVersion.objects.get(number=current).reference == "B-1"


def test_a_workspace_id_belongs_to_one_organization() -> None:
    create("--name", "Acme", "--workspace-id", "ws_1")
    assert Organization.objects.get().workspace_id == "ws_1"
    with pytest.raises(OrganizationInvalid, match="ws_1"):
        save_organization(slug="other", fields={"name": "Other", "workspace_id": "ws_1"}, now=NOW)
    save_organization(slug="third", fields={"name": "Third"}, now=NOW)
    save_organization(slug="fourth", fields={"name": "Fourth"}, now=NOW)
