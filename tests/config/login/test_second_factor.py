"""A second factor for those who sign: set up, asked for, used up, lost."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.login import second_factor as factor
from tests.people import PASSWORD, ROLES, person

pytestmark = pytest.mark.django_db
PAGE = "/admin/second-factor/"
DESK = "/admin/reconciliation/reconciliationdiscrepancy/"


@pytest.fixture
def required(settings: Any) -> None:
    settings.SECOND_FACTOR = "required"


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    return client


def code(user: User, *, steps: int = 0) -> str:
    """What the app of `user` shows now, or some steps of 30 seconds later."""
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(device.bin_key, t0=-30 * steps):06d}"


def enrolled(user: User) -> list[str]:
    """Sets the factor up; returns the recovery codes."""
    factor.enrolment_of(user)
    done = factor.confirm(user=user, code=code(user))
    assert done is not None
    return done[1]


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_where_required_who_signs_gets_no_page_before_setting_it_up(required: None, role: str) -> None:
    answer = signed_in(person(role)).get(DESK)
    signs = role in ("Manager", "Owner", "superuser")
    assert answer.status_code == (302 if signs else 200)
    assert not signs or answer["Location"].startswith(PAGE)


def test_setting_it_up_shows_a_picture_a_secret_and_then_ten_codes_once(required: None) -> None:
    user = person("Manager")
    client, elsewhere = signed_in(user), signed_in(user)
    page = client.get(PAGE).content.decode()
    assert "<svg" in page
    assert factor.secret_text(TOTPDevice.objects.get()) in page
    before = client.session.session_key
    done = client.post(PAGE, {"code": code(user)}).content.decode()
    assert done.count("<li><code>") == 10
    assert client.session.session_key != before
    assert client.get(DESK).status_code == 200
    assert elsewhere.get(DESK)["Location"].startswith("/admin/login/")
    assert "<li><code>" not in client.get(PAGE).content.decode()


def test_a_wrong_first_code_turns_nothing_on() -> None:
    user = person("Manager")
    client = signed_in(user)
    client.get(PAGE)
    answer = client.post(PAGE, {"code": "000000" if code(user) != "000000" else "111111"})
    assert (answer.status_code, factor.app_of(user)) == (400, None)


def test_who_has_one_is_asked_even_where_it_is_only_offered() -> None:
    user = person("Operator")
    enrolled(user)
    client = signed_in(user)
    assert unquote(client.get(DESK)["Location"]) == f"{PAGE}?next={DESK}"
    answer = client.post(PAGE, {"code": code(user, steps=1), "next": DESK})
    assert (answer.status_code, answer["Location"]) == (302, DESK)
    assert client.get(DESK).status_code == 200


def test_nobody_is_led_to_another_site() -> None:
    user = person("Operator")
    enrolled(user)
    answer = signed_in(user).post(PAGE, {"code": code(user, steps=1), "next": "https://example.com/"})
    assert answer["Location"] == "/admin/"


def test_a_code_works_once() -> None:
    user = person("Operator")
    enrolled(user)
    shown = code(user, steps=1)
    assert signed_in(user).post(PAGE, {"code": shown}).status_code == 302
    assert signed_in(user).post(PAGE, {"code": shown}).status_code == 400


def test_wrong_codes_make_the_right_one_wait() -> None:
    user = person("Operator")
    enrolled(user)
    client = signed_in(user)
    for _each in range(3):
        assert client.post(PAGE, {"code": "000001"}).status_code == 400
    assert client.post(PAGE, {"code": code(user, steps=1)}).status_code == 400


def test_a_recovery_code_works_once_and_is_stored_as_a_digest() -> None:
    user = person("Operator")
    codes = enrolled(user)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & {factor.compact(each) for each in codes}
    assert signed_in(user).post(PAGE, {"code": codes[0].upper()}).status_code == 302
    again = signed_in(user)
    assert again.post(PAGE, {"code": codes[0]}).status_code == 400
    assert factor.recovery_codes_left(user) == 9


@pytest.mark.parametrize(
    "given", ["", "12345", "1234567", "１２３４５６", "a" * 16, "'; drop table", "x" * 500, "\x00" * 6]
)
def test_what_is_no_code_is_refused_without_an_error(given: str) -> None:
    user = person("Operator")
    enrolled(user)
    client = signed_in(user)
    assert client.post(PAGE, {"code": given}).status_code in (200, 400)
    assert client.get(DESK).status_code == 302


def test_a_device_of_somebody_else_does_not_count() -> None:
    mine, other = person("Operator"), person("Manager")
    enrolled(mine)
    enrolled(other)
    assert signed_in(mine).post(PAGE, {"code": code(other, steps=1)}).status_code == 400


def test_dialogs_and_programs_are_told_in_their_own_way() -> None:
    user = person("Operator")
    enrolled(user)
    client = signed_in(user)
    dialog = client.get(DESK, headers={"HX-Request": "true"})
    assert (dialog.status_code, dialog["HX-Redirect"]) == (403, PAGE)
    program = client.get("/api/schema")
    assert (program.status_code, program.json()["error"]["code"]) == (403, "second_factor_needed")


def test_where_it_is_required_it_cannot_be_turned_off(required: None) -> None:
    user = person("Manager")
    enrolled(user)
    client = signed_in(user)
    client.post(PAGE, {"code": code(user, steps=1)})
    client.post(PAGE, {"do": "remove"})
    assert factor.app_of(user) is not None


def test_where_it_is_offered_it_can_be_turned_off_and_new_codes_replace_old_ones() -> None:
    user = person("Operator")
    codes = enrolled(user)
    client = signed_in(user)
    client.post(PAGE, {"code": code(user, steps=1)})
    assert client.post(PAGE, {"do": "new_codes"}).content.decode().count("<li><code>") == 10
    assert factor.verified_by(user=user, code=codes[0]) is None
    client.post(PAGE, {"do": "remove"})
    assert factor.app_of(user) is None
    assert signed_in(user).get(DESK).status_code == 200


def test_a_superuser_takes_a_lost_factor_away_and_nobody_else_can() -> None:
    user = person("Operator")
    enrolled(user)
    path = f"/admin/auth/user/{user.pk}/remove-second-factor/"
    signed_in(person("Owner")).post(path, {"_form_submitted": "on"})
    assert factor.app_of(user) is not None
    admin = signed_in(person("superuser"))
    admin.get(path)
    assert factor.app_of(user) is not None
    admin.post(path, {"_form_submitted": "on"})
    assert factor.app_of(user) is None


def test_no_page_of_the_admin_shows_a_secret() -> None:
    user = person("Operator")
    enrolled(user)
    admin = signed_in(person("superuser"))
    for path in ("/admin/otp_totp/totpdevice/", "/admin/otp_static/staticdevice/"):
        assert admin.get(path).status_code == 404
    assert TOTPDevice.objects.get().key not in admin.get(f"/admin/auth/user/{user.pk}/change/").content.decode()
