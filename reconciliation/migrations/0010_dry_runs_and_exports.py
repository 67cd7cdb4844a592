import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_adjustments'),
        ('reconciliation', '0009_run_parts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DryRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('comparison', models.CharField(max_length=16, verbose_name='comparison')),
                ('period_start', models.DateTimeField(verbose_name='period from')),
                ('period_end', models.DateTimeField(verbose_name='period to (excluded)')),
                ('tolerance_minor', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='tolerance (minor units)')),
                ('status', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('error', 'error')], default='queued', max_length=8, verbose_name='status')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='times started')),
                ('stage', models.CharField(blank=True, max_length=20, verbose_name='stage')),
                ('progress_percent', models.PositiveSmallIntegerField(default=0, verbose_name='progress')),
                ('report', models.JSONField(blank=True, null=True, verbose_name='report')),
                ('written', models.JSONField(blank=True, default=dict, verbose_name='would be written')),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.organization', verbose_name='organization')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='requested by')),
            ],
            options={
                'verbose_name': 'dry run',
                'verbose_name_plural': 'dry runs',
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('period_start__lt', models.F('period_end'))), name='dry_run_period_not_empty'), models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'running', 'done', 'error'])), name='dry_run_status_known')],
            },
        ),
        migrations.CreateModel(
            name='ListExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('batch', models.UUIDField(editable=False, verbose_name='export')),
                ('list_name', models.CharField(max_length=100, verbose_name='list')),
                ('query', models.TextField(blank=True, verbose_name='filters')),
                ('form', models.CharField(max_length=4, verbose_name='form')),
                ('rows', models.PositiveIntegerField(blank=True, null=True, verbose_name='rows')),
                ('request_id', models.CharField(blank=True, max_length=200, verbose_name='request id')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.organization', verbose_name='organization')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'export',
                'verbose_name_plural': 'exports',
                'default_permissions': (),
                'indexes': [models.Index(fields=['batch'], name='list_export_batch')],
            },
        ),
        migrations.AddIndex(
            model_name='reconciliationactionlog',
            index=models.Index(condition=models.Q(('run__isnull', False)), fields=['run', 'action'], name='action_log_run'),
        ),
        migrations.AddIndex(
            model_name='reconciliationactionlog',
            index=models.Index(condition=models.Q(('actor_user__isnull', False)), fields=['organization', 'at'], name='action_log_people'),
        ),
        migrations.AddIndex(
            model_name='reconciliationdiscrepancy',
            index=models.Index(fields=['organization', 'opened_at', 'type'], name='discrepancy_opened'),
        ),
    ]
