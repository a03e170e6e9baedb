"""Rules of a person, senders they block, mail that the rules have yet to see, and what they did."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_storage_limit'),
        ('mailsync', '0037_addressed_to'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('position', models.PositiveIntegerField()),
                ('enabled', models.BooleanField(default=True)),
                ('stops', models.BooleanField(default=False, help_text='What it is about is shown to no later rule.')),
                ('query', models.CharField(help_text='As a search is typed.', max_length=1000)),
                ('fields', models.JSONField(default=dict, help_text='What the form was filled with, as ``plan.rules.Fields``.')),
                ('deeds', models.JSONField(default=list, help_text='[[verb, argument], …]: ["move", "<folder id>"], ["read", ""] …')),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='Empty: all mailboxes.', size=None)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RuleHit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=320)),
                ('is_block', models.BooleanField(default=False)),
                ('deeds', models.JSONField(default=list)),
                ('group', models.UUIDField(help_text='The act that takes it back.')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.mailaccount')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rule_hits', to='mailsync.message')),
                ('rule', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='hits', to='mailsync.rule')),
            ],
        ),
        migrations.CreateModel(
            name='Arrival',
            fields=[
                ('placement_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('ran', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, help_text='Rules that have seen it; the others need text.', size=None)),
                ('waited', models.BooleanField(db_default=False, default=False, help_text='Its text was not here at first.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When the clock sees to it, if nobody has before.')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.mailaccount')),
            ],
            options={
                'indexes': [models.Index(fields=['due_at'], name='arrival_due')],
            },
        ),
        migrations.CreateModel(
            name='BlockedSender',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pattern', models.CharField(help_text='ada@example.org or example.org, in lower case.', max_length=320)),
                ('to_bin', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blocked_senders', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'pattern'), name='blocked_sender_once')],
            },
        ),
        migrations.AddIndex(
            model_name='rule',
            index=models.Index(fields=['user', 'position'], name='rule_order'),
        ),
        migrations.AddIndex(
            model_name='rulehit',
            index=models.Index(models.F('rule'), models.OrderBy(models.F('at'), descending=True), name='rule_hit_lately'),
        ),
    ]
