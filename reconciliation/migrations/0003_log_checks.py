"""What the nightly checks of the action log find, append-only."""

import django.db.models.deletion
from django.db import migrations, models

from billing.append_only import forbid_changes


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0001_tables'),
        ('reconciliation', '0002_groups'),
    ]

    operations = [
        migrations.CreateModel(
            name='LogCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField(verbose_name='checked')),
                ('result', models.CharField(choices=[('holds', 'holds'), ('broken', 'broken'), ('unsure', 'not sure')], max_length=6, verbose_name='result')),
                ('seals', models.PositiveBigIntegerField(verbose_name='seals')),
                ('rows', models.PositiveBigIntegerField(verbose_name='rows')),
                ('checkpoint_seal', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='seal of the checkpoint')),
                ('checkpoint_at', models.DateTimeField(blank=True, null=True, verbose_name='time of the checkpoint')),
                ('kept', models.BooleanField(default=False, verbose_name='left a checkpoint')),
                ('findings', models.JSONField(blank=True, default=list, verbose_name='findings')),
                ('trouble', models.TextField(blank=True, verbose_name='trouble')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'check of a log',
                'verbose_name_plural': 'checks of logs',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['organization', '-id'], name='log_check_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('result__in', ['holds', 'broken', 'unsure'])), name='log_check_result_known')],
            },
        ),
        forbid_changes("reconciliation_logcheck"),
    ]
