"""Identities for the payouts that lines of a statement name: from here on they are made with the line."""

from django.db import migrations


def claim(apps, _schema_editor):
    line = apps.get_model("billing", "StatementLineVersion")
    payout = apps.get_model("billing", "Payout")
    listed = line.objects.exclude(payout_reference="").order_by().values_list("organization_id", "payout_reference")
    own = line.objects.filter(kind__in=["payout", "payout_reversal"]).exclude(source_reference="")
    named = {*listed.distinct(), *own.order_by().values_list("organization_id", "source_reference").distinct()}
    rows = [payout(organization_id=organization, external_id=name) for organization, name in sorted(named)]
    payout.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_adjustments")]

    operations = [migrations.RunPython(claim, migrations.RunPython.noop)]
