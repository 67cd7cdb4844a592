"""The fees an organization agreed with its provider."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0012_disputes")]

    operations = [
        migrations.CreateModel(
            name="FeeTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("line_type", models.CharField(blank=True, max_length=100, verbose_name="type of lines")),
                ("rate_ppm", models.PositiveIntegerField(default=0, verbose_name="rate (parts per million)")),
                ("fixed_minor", models.BigIntegerField(default=0, verbose_name="fixed (minor units)")),
                ("tolerance_minor", models.PositiveBigIntegerField(default=1, verbose_name="tolerance (minor units)")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.organization",
                        verbose_name="organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "fee terms",
                "verbose_name_plural": "fee terms",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "currency", "line_type"), name="fee_terms_once"),
                    models.CheckConstraint(
                        condition=models.Q(("rate_ppm__lte", 1_000_000)), name="fee_terms_rate_within_the_whole"
                    ),
                ],
            },
        ),
    ]
