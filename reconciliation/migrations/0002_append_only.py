"""The log is append-only in the database; a version of an item may only be closed, once."""

from django.db import migrations

from billing.append_only import CLOSE_ONCE, forbid_changes


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]
    operations = [
        forbid_changes("reconciliation_reconciliationactionlog"),
        forbid_changes("reconciliation_logseal"),
        forbid_changes("reconciliation_reconciliationitem", CLOSE_ONCE),
    ]
