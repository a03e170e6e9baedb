from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailsync', '0063_lost_folders'),
    ]

    operations = [
        migrations.AddField(
            model_name='folder',
            name='mailbox_id',
            field=models.CharField(db_default='', default='', help_text='RFC 8474; empty where the server tells none.', max_length=255),
        ),
    ]
