"""Rules tell devices of new mail: what they told of is found by its own index, and kept for each device."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0053_labelled"),
    ]

    operations = [
        migrations.AddField(
            model_name="rulehit",
            name="tells",
            field=models.BooleanField(
                db_default=False, default=False, help_text="It came in, and its rule tells devices of it."
            ),
        ),
        migrations.AddIndex(
            model_name="rulehit",
            index=models.Index(condition=models.Q(("tells", True)), fields=["account", "id"], name="rule_hit_tells"),
        ),
        migrations.AddField(
            model_name="device",
            name="told_hit_id",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="The newest hit of a rule, likewise."
            ),
        ),
    ]
