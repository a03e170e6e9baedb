"""What has not left yet or could not is counted by every page: without going through all that was ever sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0047_find_own_texts"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True), ("state", "failed"), _connector="OR"),
                fields=["user"],
                name="outgoing_open",
            ),
        ),
    ]
