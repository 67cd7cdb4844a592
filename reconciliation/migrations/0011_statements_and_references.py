"""The comparison `statements`; discrepancies about what is no record of either side are named by a reference."""

from django.db import migrations, models

COMPARISONS = [("payments", "payments"), ("payouts", "payouts"), ("statements", "statements")]
NAMED = ("cause", "causestate", "matchdecision", "reconciliationdiscrepancy", "reconciliationitem", "reconciliationrun")


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0010_dry_runs_and_exports")]

    operations = [
        migrations.RemoveConstraint("reconciliationdiscrepancy", "discrepancy_fingerprint"),
        migrations.AddField(
            "reconciliationdiscrepancy",
            "reference",
            models.CharField(blank=True, max_length=255, verbose_name="reference"),
        ),
        *(
            migrations.AlterField(
                name, "comparison", models.CharField(choices=COMPARISONS, max_length=16, verbose_name="comparison")
            )
            for name in NAMED
        ),
        migrations.AddIndex(
            "reconciliationdiscrepancy",
            models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["organization", "comparison", "reference"],
                name="discrepancy_reference",
            ),
        ),
        migrations.AddConstraint(
            "reconciliationdiscrepancy",
            models.UniqueConstraint(
                fields=("organization", "comparison", "type", "left_id", "right_id", "reference"),
                name="discrepancy_fingerprint",
            ),
        ),
    ]
