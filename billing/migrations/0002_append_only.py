"""The ledger's tables are append-only in the database; identities may only move on to a newer version."""

from django.db import migrations

from billing.append_only import UPWARDS, forbid_changes


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        forbid_changes("billing_importbatch"),
        forbid_changes("billing_payment", UPWARDS),
        forbid_changes("billing_paymentversion"),
        forbid_changes("billing_providerevent"),
        forbid_changes("billing_providerrecord", UPWARDS),
        forbid_changes("billing_providerrecordversion"),
    ]
