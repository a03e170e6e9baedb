import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0055_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="groups",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, help_text="Names of groups.", size=None
            ),
        ),
    ]
