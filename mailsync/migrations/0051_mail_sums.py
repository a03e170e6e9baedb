"""How much mail each account has here, as a sum that is kept: begun with what is counted once.

The index that had held all sizes, to be summed up, is no longer needed. Another holds the placements of which a folder's
list and its server say different things: few, wherever nothing waits.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

_FILL = """
    INSERT INTO mailsync_mailsum (account_id, messages, bodies, size_bytes)
    SELECT a.id, coalesce(m.messages, 0), coalesce(r.bodies, 0), coalesce(r.size_bytes, 0)
      FROM accounts_mailaccount a
      LEFT JOIN (SELECT account_id, count(*) AS messages FROM mailsync_message GROUP BY account_id) AS m
             ON m.account_id = a.id
      LEFT JOIN (SELECT account_id, count(*) AS bodies, sum(size_bytes) AS size_bytes
                   FROM mailsync_rawmessage GROUP BY account_id) AS r ON r.account_id = a.id
     WHERE m.messages > 0 OR r.bodies > 0
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_archive_mode'),
        ('mailsync', '0049_message_bulk'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailSum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('messages', models.BigIntegerField(default=0, help_text='Rows of Message.')),
                ('bodies', models.BigIntegerField(default=0, help_text='Rows of RawMessage.')),
                ('size_bytes', models.BigIntegerField(default=0, help_text='Of these bodies.')),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.mailaccount')),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'at'], name='mail_sum_account')],
            },
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(
            model_name='rawmessage',
            name='raw_sizes',
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(condition=models.Q(('gone_phase', 0), models.Q(('shown', False), ('epoch', 0), ('uid__isnull', True), _connector='OR')), fields=['folder', 'epoch'], include=('shown', 'uid'), name='placement_apart'),
        ),
    ]
