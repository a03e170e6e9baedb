"""Uploads of mail that is to be imported into a folder."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0038_rules")]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="import_into",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="mailsync.folder"
            ),
        ),
    ]
