"""Rendered bodies belong to an account. They are a cache: those that are there are made again when they are asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("mailsync", "0034_text_index_batches"),
    ]

    operations = [
        migrations.RunSQL("TRUNCATE mailsync_renderedbody", migrations.RunSQL.noop),
        migrations.RemoveConstraint("renderedbody", "rendered_body_once"),
        migrations.AddField(
            "renderedbody",
            "account",
            models.ForeignKey("accounts.MailAccount", models.CASCADE, db_index=False, related_name="+"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "renderedbody",
            models.UniqueConstraint(fields=("account", "body_sha256", "policy_version"), name="rendered_body_once"),
        ),
    ]
