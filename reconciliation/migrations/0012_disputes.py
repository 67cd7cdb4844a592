"""Disputes as a name for the discrepancies about them; nothing is stored by it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0011_statements_and_references")]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("reconciliation.reconciliationdiscrepancy",),
        ),
    ]
