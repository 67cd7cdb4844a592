# What workers do on the sources, asked for by people or by the hour, and who may ask.

import django.db.models.deletion
from django.apps import apps as installed
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

SOURCES = ['statementline', 'payout', 'invoice', 'invoicepayment', 'providerfetch', 'statementwithdrawal']
SEEN = [*(('billing', f'view_{name}') for name in SOURCES), ('reconciliation', 'view_syncjob')]
SOURCE_WORK = ['sync_source', 'withdraw_ingestion', 'attach_statements']
ROLES = {'Operator': [], 'Manager': SOURCE_WORK, 'Owner': SOURCE_WORK, 'Auditor': [], 'Integration': []}


def widen_roles(apps, schema_editor):
    """Everybody reads the sources, managers and owners fetch, withdraw and attach. Safe to repeat."""
    for label in ('billing', 'reconciliation'):
        # Permissions are otherwise created only after all migrations have run.
        create_permissions(installed.get_app_config(label), verbosity=0, using=schema_editor.connection.alias)
    permissions = apps.get_model('auth', 'Permission').objects
    for role, codenames in ROLES.items():
        group = apps.get_model('auth', 'Group').objects.get(name=role)
        for label, codename in [*SEEN, *(('reconciliation', codename) for codename in codenames)]:
            group.permissions.add(permissions.get(content_type__app_label=label, codename=codename))


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_adjustments'),
        ('reconciliation', '0006_queues'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SyncJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('sweep', 'sweep'), ('missing', 'fetch of missing payments'), ('withdrawal', 'withdrawal of an ingestion')], max_length=12, verbose_name='kind')),
                ('subject', models.CharField(blank=True, max_length=100, verbose_name='about')),
                ('status', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='queued', max_length=8, verbose_name='status')),
                ('parameters', models.JSONField(blank=True, default=dict, verbose_name='parameters')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('requested_via', models.CharField(blank=True, max_length=40, verbose_name='requested via')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('expires_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='held until')),
                ('claims', models.PositiveIntegerField(default=0, editable=False, verbose_name='times taken up')),
                ('deaths', models.PositiveIntegerField(default=0, editable=False, verbose_name='times lost since the last progress')),
                ('stage', models.CharField(blank=True, max_length=60, verbose_name='stage')),
                ('rows', models.PositiveIntegerField(default=0, verbose_name='rows read')),
                ('steps', models.JSONField(blank=True, default=list, verbose_name='steps')),
                ('error', models.TextField(blank=True, verbose_name='error')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.organization', verbose_name='organization')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='requested by')),
            ],
            options={
                'verbose_name': 'source job',
                'verbose_name_plural': 'source jobs',
                'ordering': ['-id'],
                'permissions': [('sync_source', 'Can fetch from the provider'), ('withdraw_ingestion', 'Can withdraw ingestions'), ('attach_statements', 'Can attach statement lines')],
            },
        ),
        migrations.CreateModel(
            name='SyncResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=255, verbose_name='provider id')),
                ('outcome', models.CharField(choices=[('synced', 'brought in'), ('already', 'already here'), ('failed', 'not usable')], max_length=8, verbose_name='outcome')),
                ('why', models.TextField(blank=True, verbose_name='why')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='reconciliation.syncjob', verbose_name='source job')),
            ],
            options={
                'verbose_name': 'result of a source job',
                'verbose_name_plural': 'results of source jobs',
            },
        ),
        migrations.AddIndex(
            model_name='syncjob',
            index=models.Index(fields=['organization', 'kind', '-id'], name='sync_newest'),
        ),
        migrations.AddConstraint(
            model_name='syncjob',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running'])), fields=('organization', 'kind', 'subject'), name='sync_one_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='syncjob',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'running', 'done', 'failed'])), name='sync_status_known'),
        ),
        migrations.AddIndex(
            model_name='syncresult',
            index=models.Index(fields=['job', 'outcome', 'id'], name='sync_result_page'),
        ),
        migrations.AddConstraint(
            model_name='syncresult',
            constraint=models.UniqueConstraint(fields=('job', 'external_id'), name='sync_result_once'),
        ),
        migrations.RunPython(widen_roles, migrations.RunPython.noop),
    ]
