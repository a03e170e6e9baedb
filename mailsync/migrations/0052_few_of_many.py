"""Pages ask of each folder how it is to be called, and whether anything of it has yet to come; the clock asks the latter of
all accounts. Both are true of few: neither all that was ever done to mail nor all folders are gone through for them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0051_mail_sums"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True), ("message__isnull", True)),
                fields=["source"],
                name="change_of_folder",
            ),
        ),
        migrations.AddIndex(
            model_name="folder",
            index=models.Index(
                condition=models.Q(
                    ("header_cursor__isnull", True),
                    ("header_cursor__gt", 1),
                    ("bodies_pending__gt", 0),
                    _connector="OR",
                ),
                fields=["account"],
                name="folder_unfinished",
            ),
        ),
    ]
