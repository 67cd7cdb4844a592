"""The ledger's tables are append-only in the database; identities may only move on to a newer version."""

from django.db import migrations

from billing.append_only import forbid_changes


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        forbid_changes("billing_importbatch"),
        forbid_changes("billing_payment", updatable=["current_number"]),
        forbid_changes("billing_paymentversion"),
        forbid_changes("billing_providerevent"),
        forbid_changes("billing_providerrecord", updatable=["current_number"]),
        forbid_changes("billing_providerrecordversion"),
    ]
