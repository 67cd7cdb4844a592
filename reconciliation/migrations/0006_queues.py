"""Since when a discrepancy waits and until when it should be resolved; totals of what is open; indexes for queues."""

from datetime import timedelta

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

ALLOWED = {"major": timedelta(hours=24), "minor": timedelta(hours=72), "none": timedelta(hours=168)}
GROUP = "organization_id, comparison, type, severity, status, assigned_to_id, currency, queued_at, due_at"


def fill_times(apps, schema_editor):
    """What is known of the past: when it was first opened."""
    rows = apps.get_model("reconciliation", "ReconciliationDiscrepancy").objects
    for severity, span in ALLOWED.items():
        rows.filter(severity=severity).update(queued_at=F("opened_at"), due_at=F("opened_at") + span)


def fill_totals(apps, schema_editor):
    """The totals of what is open."""
    figures = 'count(*), count(difference_minor), coalesce(sum(abs(difference_minor)), 0), coalesce(sum(abs(unexplained_minor)), 0)'
    schema_editor.execute(
        f'INSERT INTO reconciliation_opentotal ({GROUP}, "count", compared, difference_minor, unexplained_minor) '  # noqa: S608 - names of our own columns
        f"SELECT {GROUP}, {figures} FROM reconciliation_reconciliationdiscrepancy WHERE status <> 'resolved' GROUP BY {GROUP}"
    )


def queue(name, *first):
    """An index in the order of the queues."""
    return migrations.AddIndex(
        model_name="reconciliationdiscrepancy",
        index=models.Index(
            condition=Q(("resolved_at__isnull", True)),
            fields=["organization", *first, "severity", "due_at", "id"],
            name=name,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_adjustments"),
        ("reconciliation", "0005_workflow"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("comparison", models.CharField(max_length=16)),
                ("type", models.CharField(max_length=32)),
                ("severity", models.CharField(max_length=5)),
                ("status", models.CharField(max_length=16)),
                ("assigned_to_id", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3)),
                ("queued_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("count", models.IntegerField()),
                ("compared", models.IntegerField()),
                ("difference_minor", models.BigIntegerField()),
                ("unexplained_minor", models.BigIntegerField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="billing.organization",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organization", "id"], name="open_total_organization")],
            },
        ),
        migrations.AddField(
            model_name="reconciliationdiscrepancy",
            name="queued_at",
            field=models.DateTimeField(null=True, verbose_name="in the queue since"),
        ),
        migrations.AddField(
            model_name="reconciliationdiscrepancy",
            name="due_at",
            field=models.DateTimeField(null=True, verbose_name="due"),
        ),
        migrations.RunPython(fill_times, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="reconciliationdiscrepancy",
            name="queued_at",
            field=models.DateTimeField(verbose_name="in the queue since"),
        ),
        migrations.AlterField(
            model_name="reconciliationdiscrepancy",
            name="due_at",
            field=models.DateTimeField(verbose_name="due"),
        ),
        migrations.RunPython(fill_totals, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="reconciliationdiscrepancy", name="discrepancy_queue"),
        queue("discrepancy_queue_all"),
        queue("discrepancy_queue_person", "assigned_to"),
        queue("discrepancy_queue_type", "type"),
        migrations.AddIndex(
            model_name="reconciliationdiscrepancy",
            index=models.Index(fields=["organization", "status", "severity", "due_at", "id"], name="discrepancy_state"),
        ),
    ]
