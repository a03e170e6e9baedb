from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0005_pull")]

    operations = [
        migrations.AddField(
            model_name="outgoing",
            name="archived_group",
            field=models.UUIDField(help_text="Send and archive: what to undo when the send is stopped.", null=True),
        ),
        migrations.AlterField(
            model_name="outgoingrecipient",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("accepted", "Accepted"),
                    ("failed", "Failed"),
                    ("returned", "Returned"),
                ],
                default="pending",
                max_length=8,
            ),
        ),
    ]
