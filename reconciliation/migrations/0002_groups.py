"""Roles as groups: what each of them may see and do."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SEEN = {
    "billing": ["view_adjustment", "view_importbatch", "view_invoice", "view_invoicepayment", "view_organization", "view_payment", "view_paymentversion", "view_payout", "view_providerevent", "view_providerfetch", "view_providerrecord", "view_providerrecordversion", "view_statementline", "view_statementwithdrawal"],
    "reconciliation": ["view_bulkaction", "view_cause", "view_closingthreshold", "view_matchdecision", "view_reconciliationactionlog", "view_reconciliationdiscrepancy", "view_reconciliationitem", "view_reconciliationrun", "view_syncjob"],
}
"""Everybody who works here sees these."""
ROLES = {
    "Operator": {
        "reconciliation": ["annotate_discrepancy", "match_records", "propose_resolution", "triage_discrepancy"],
    },
    "Manager": {
        "reconciliation": ["annotate_discrepancy", "approve_resolution", "attach_statements", "match_records", "propose_resolution", "requeue_discrepancy", "sync_source", "triage_discrepancy", "trigger_run", "withdraw_ingestion"],
    },
    "Owner": {
        "billing": ["add_membership", "change_membership", "change_organization", "delete_membership", "view_membership"],
        "reconciliation": ["add_closingthreshold", "annotate_discrepancy", "approve_resolution", "attach_statements", "change_closingthreshold", "delete_closingthreshold", "match_records", "propose_resolution", "requeue_discrepancy", "sync_source", "triage_discrepancy", "trigger_run", "withdraw_ingestion"],
    },
    "Auditor": {
        "billing": ["view_membership"],
        "reconciliation": ["view_logseal"],
    },
    "Integration": {
        "reconciliation": ["annotate_discrepancy", "match_records", "propose_resolution", "triage_discrepancy"],
    },
}


def create_roles(apps, schema_editor):
    """Create the five groups with their permissions. Safe to repeat."""
    for label in ("billing", "reconciliation"):
        # Permissions are otherwise created only after all migrations have run.
        create_permissions(installed.get_app_config(label), verbosity=0, using=schema_editor.connection.alias)
    permissions = {
        (found.content_type.app_label, found.codename): found
        for found in apps.get_model("auth", "Permission").objects.select_related("content_type")
    }
    for role, more in ROLES.items():
        group, _created = apps.get_model("auth", "Group").objects.get_or_create(name=role)
        wanted = [(label, name) for part in (SEEN, more) for label, names in part.items() for name in names]
        group.permissions.add(*(permissions[one] for one in wanted))


class Migration(migrations.Migration):
    replaces = [("reconciliation", "0003_roles")]

    dependencies = [
        ("reconciliation", "0001_tables"),
        ("billing", "0001_tables"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
