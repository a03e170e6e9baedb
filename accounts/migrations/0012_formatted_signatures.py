
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_webhook_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='identity',
            name='signature_below',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='identity',
            name='signature_on_answers',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='identity',
            name='signature_on_new',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AlterField(
            model_name='identity',
            name='signature_html',
            field=models.TextField(blank=True, help_text='Clean HTML; pictures are named by their Content-ID.'),
        ),
        migrations.AlterField(
            model_name='identity',
            name='signature_text',
            field=models.TextField(blank=True, help_text='What it says, made from the HTML; alone in old rows.'),
        ),
    ]
