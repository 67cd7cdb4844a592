"""The five roles as the migration makes them."""

import pytest
from django.contrib.auth.models import Group

from tests.people import ROLES

TRIGGER = "trigger_run"


def permissions(role: str) -> set[str]:
    return set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))


@pytest.mark.django_db
def test_the_five_roles_are_there() -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= set(ROLES)


@pytest.mark.django_db
def test_managers_and_owners_trigger_runs_and_nobody_else() -> None:
    assert {role for role in ROLES if TRIGGER in permissions(role)} == {"Manager", "Owner"}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_the_evidence_and_none_may_write_it(role: str) -> None:
    held = permissions(role)
    assert {"view_reconciliationrun", "view_reconciliationdiscrepancy", "view_payment", "view_providerrecord"} <= held
    writing = {name for name in held if name.split("_")[0] in ("add", "change", "delete")}
    assert not {name for name in writing if not name.endswith(("organization", "membership", "closingthreshold"))}


@pytest.mark.django_db
def test_only_owners_set_up_organizations_memberships_and_thresholds() -> None:
    for role in ROLES:
        writes = {name for name in permissions(role) if name.split("_")[0] in ("add", "change", "delete")}
        assert bool(writes) is (role == "Owner")


@pytest.mark.django_db
def test_an_auditor_can_do_nothing_but_look() -> None:
    assert {name.split("_")[0] for name in permissions("Auditor")} == {"view"}


@pytest.mark.django_db
def test_who_works_on_discrepancies_and_who_signs() -> None:
    work = {"triage_discrepancy", "annotate_discrepancy", "propose_resolution", "match_records"}
    sign = {"approve_resolution", "requeue_discrepancy"}
    held = {role: permissions(role) & (work | sign) for role in ROLES}
    assert held == {
        "Operator": work,
        "Integration": work,
        "Manager": work | sign,
        "Owner": work | sign,
        "Auditor": set(),
    }
