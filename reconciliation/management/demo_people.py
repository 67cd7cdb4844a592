"""People of the demo: one for each role, and a superuser."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group, User
from django.db import transaction

from billing.models import Membership, Organization

ROLES: Final = ("Operator", "Manager", "Owner", "Auditor", "Integration")
SUPERUSER: Final = "admin"
API_ONLY: Final = "Integration"


@dataclass(frozen=True, slots=True)
class Login:
    """A demo login; `password` is None when somebody has changed it."""

    username: str
    role: str
    password: str | None


@transaction.atomic
def ensure_people(*, organizations: Iterable[Organization], password: str) -> list[Login]:
    """Create who is missing, with `password`, as members of `organizations`. Existing passwords stay as they are."""
    encoded = make_password(password)
    verdicts: dict[str, bool] = {}
    logins = []
    for role in (*ROLES, SUPERUSER):
        user = _user(role, encoded)
        if role != SUPERUSER:
            user.groups.add(Group.objects.get(name=role))
            for organization in organizations:
                Membership.objects.get_or_create(user=user, organization=organization)
        if user.password not in verdicts:
            verdicts[user.password] = check_password(password, user.password)
        logins.append(Login(user.username, role, password if verdicts[user.password] else None))
    return logins


def _user(role: str, encoded: str) -> User:
    superuser = role == SUPERUSER
    user, _created = User.objects.get_or_create(
        username=role.lower(),
        defaults={
            "email": f"{role.lower()}@example.com",
            "is_staff": role != API_ONLY,
            "is_superuser": superuser,
            "password": encoded,
        },
    )
    return user
