"""Create an organization, or change what was asked of an existing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.events import refold_organization
from billing.invoice_readers import note_words
from billing.models import Organization
from billing.money import MoneyError, known_currency


class OrganizationInvalid(ValueError):
    """An organization cannot be stored so; `str()` of it says what to change, one line per field."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The stored organization, whether it is new, and of an existing one the changed fields with value before and
    after.
    """

    organization: Organization
    created: bool
    changes: dict[str, tuple[object, object]]


def save_organization(*, slug: str, fields: Mapping[str, object], now: datetime) -> Saved:
    """Store organization `slug` with the values of `fields` (names of the model); others stay, or get their default.

    New reference keys are looked for in the records that are here already. Raises OrganizationInvalid.
    """
    with transaction.atomic():
        organization = Organization.objects.select_for_update().filter(slug=slug).first()
        if organization is None:
            organization = Organization(slug=slug, **fields)
            check_organization(organization)
            organization.save()
            note_words({organization.workspace_id or organization.slug})
            return Saved(organization, True, {})
        before = {name: getattr(organization, name) for name in fields}
        for name, value in fields.items():
            setattr(organization, name, value)
        check_organization(organization)
        changes = {
            name: (before[name], getattr(organization, name))
            for name in fields
            if before[name] != getattr(organization, name)
        }
        if changes:
            organization.save(update_fields=list(changes))
        if "workspace_id" in changes:
            note_words({word or organization.slug for word in changes["workspace_id"]}, organization)
        if "reference_keys" in changes:
            refold_organization(organization=organization, now=now)
        return Saved(organization, False, changes)


def check_organization(organization: Organization) -> None:
    """Normalise the currency and refuse what no import or run could work with."""
    problems = []
    try:
        organization.currency = known_currency(organization.currency)
    except MoneyError as error:
        problems.append(str(error))
    try:
        ZoneInfo(organization.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = _("“%s” is not a known time zone. Write an IANA name, such as Europe/Paris.")
        problems.append(text % organization.timezone)
    keys = organization.reference_keys
    if any(not key or not isinstance(key, str) for key in keys) or len(set(keys)) != len(keys):
        problems.append(
            _("The reference keys must be different names, separated by commas, such as order_id,invoice_id.")
        )
    try:
        organization.clean_fields(exclude={"currency", "timezone", "reference_keys"})
    except ValidationError as error:
        problems += [f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()]
    others = Organization.objects.filter(workspace_id=organization.workspace_id).exclude(pk=organization.pk)
    if organization.workspace_id and others.exists():
        problems.append(_("The workspace id “%s” is another organization's already.") % organization.workspace_id)
    if problems:
        raise OrganizationInvalid("\n".join(problems))
