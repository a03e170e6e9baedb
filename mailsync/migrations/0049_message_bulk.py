"""The mailing lists of an account, sender by sender and newest first: without going through all other mail."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_archive_mode'),
        ('mailsync', '0048_outgoing_open'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('account'), django.db.models.functions.text.Lower('from_address'), models.OrderBy(models.F('received_at'), descending=True), condition=models.Q(('facts__has_key', 'list_unsubscribe')), name='message_bulk'),
        ),
    ]
