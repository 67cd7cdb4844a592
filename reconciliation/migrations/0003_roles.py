"""Roles as groups, the permission to trigger runs, and how often a run was started."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

SEEN = {
    "billing": (
        "organization", "payment", "paymentversion", "providerevent", "providerrecord", "providerrecordversion", "importbatch",
    ),
    "reconciliation": ("reconciliationrun", "reconciliationitem", "reconciliationdiscrepancy", "reconciliationactionlog"),
}  # fmt: skip
TRIGGER = [("reconciliation", "trigger_run")]
SET_UP = [
    ("billing", "change_organization"),
    ("billing", "view_membership"),
    ("billing", "add_membership"),
    ("billing", "change_membership"),
    ("billing", "delete_membership"),
]
ROLES = {
    "Operator": [],
    "Manager": TRIGGER,
    "Owner": TRIGGER + SET_UP,
    "Auditor": [("billing", "view_membership"), ("reconciliation", "view_logseal")],
    "Integration": [],
}


def create_roles(apps, schema_editor):
    """Create the five groups; everybody in one of them sees the evidence. Safe to repeat."""
    for label in SEEN:
        # Permissions are otherwise created only after all migrations have run.
        create_permissions(installed.get_app_config(label), verbosity=0, using=schema_editor.connection.alias)
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    seen = [(label, f"view_{name}") for label, names in SEEN.items() for name in names]
    for role, more in ROLES.items():
        group, _created = group_model.objects.get_or_create(name=role)
        for label, codename in seen + more:
            group.permissions.add(permission_model.objects.get(content_type__app_label=label, codename=codename))


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0002_append_only"),
        ("billing", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.AddField(
            "reconciliationrun",
            "attempts",
            models.PositiveSmallIntegerField(default=0, verbose_name="times started"),
        ),
        migrations.AlterModelOptions(
            "reconciliationrun",
            options={
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "permissions": [("trigger_run", "Can trigger a run")],
            },
        ),
        migrations.RunPython(create_roles, migrations.RunPython.noop),
    ]
