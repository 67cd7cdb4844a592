"""People for tests: a signed-in browser of somebody with a role in some organizations."""

from typing import Any
from unittest.mock import patch

from django.contrib.auth.models import Group, User
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.utils import timezone

from billing.models import Membership, Organization
from config.login.middleware import WITHOUT
from config.login.sessions import stamp

ROLES = ("Operator", "Manager", "Owner", "Auditor", "Integration")
PASSWORD = "a-password-for-tests-only"


def person(role: str, *organizations: Organization, name: str = "") -> User:
    """A member of staff with `role` ("superuser" for one) who is a member of `organizations`."""
    user = User.objects.create_user(name or role.lower(), password=PASSWORD, is_staff=True)
    if role == "superuser":
        user.is_superuser = True
        user.save()
    else:
        user.groups.add(Group.objects.get(name=role))
    for organization in organizations:
        Membership.objects.create(user=user, organization=organization)
    return user


def browser(user: User) -> Client:
    """A client that is signed in as `user`."""
    client = Client()
    client.force_login(user)
    session = client.session
    stamp(session, timezone.now())
    session[WITHOUT] = True
    session.save()
    return client


def undrawn(client: Client, url: str, asked: dict[str, Any] | None = None) -> Any:
    """What the page of an address is given to show, for tests about rows and figures: drawing it is most of its work,
    and others look at that.
    """
    with patch.object(SimpleTemplateResponse, "rendered_content", ""):
        answer: Any = client.get(url, asked)
    assert answer.status_code == 200, answer
    return answer.context_data
