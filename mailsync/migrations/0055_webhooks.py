
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailsync', '0054_rule_tells'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('url', models.CharField(max_length=1000)),
                ('says', models.CharField(choices=[('event', 'Event'), ('header', 'Header'), ('preview', 'Preview')], default='event', max_length=8)),
                ('ciphertext', models.BinaryField(help_text='The key that calls are signed with, closed by the vault.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('due_at', models.DateTimeField(help_text='Not before this is called what waits.', null=True)),
                ('called_at', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(help_text='Of the last answer; none where there was none.', null=True)),
                ('error', models.TextField(blank=True, help_text='Why the last call failed, or empty.')),
                ('failing_since', models.DateTimeField(null=True)),
                ('lost', models.PositiveIntegerField(default=0, help_text='Calls given up since the last one that was answered.')),
                ('stopped', models.BooleanField(default=False, help_text='Failed too long: only a trial is called.')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='WebhookCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.UUIDField(default=uuid.uuid4)),
                ('rule', models.CharField(blank=True, help_text='What the rule was called.', max_length=80)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='mailsync.message')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='mailsync.webhook')),
            ],
        ),
    ]
