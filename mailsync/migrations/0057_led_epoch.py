from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0056_contact_groups")]

    operations = [
        migrations.AddField(
            "folder",
            "led_epoch",
            models.PositiveIntegerField(
                null=True,
                help_text="The epoch with which its account came to lead to another server; NULL once that has been read.",
            ),
        ),
    ]
