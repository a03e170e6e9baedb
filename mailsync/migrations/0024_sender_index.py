from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):

    dependencies = [
        ('mailsync', '0023_blocked_hosts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('account'), Lower('from_address'), name='message_sender'),
        ),
    ]
