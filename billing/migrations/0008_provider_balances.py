"""Balances as the provider tells them: the control of the statement lines kept here."""

import django.db.models.deletion
from django.db import migrations, models

from billing.append_only import forbid_changes


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_saved_views")]

    operations = [
        migrations.CreateModel(
            name="ProviderBalance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("held_minor", models.BigIntegerField(verbose_name="on the balance (minor units)")),
                ("observed_at", models.DateTimeField(verbose_name="seen")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.organization",
                        verbose_name="organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "provider balance",
                "verbose_name_plural": "provider balances",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "currency", "observed_at"), name="provider_balance_once_a_moment"
                    )
                ],
            },
        ),
        forbid_changes("billing_providerbalance"),
    ]
