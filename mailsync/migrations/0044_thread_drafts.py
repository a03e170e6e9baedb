from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0043_archive_mode"),
    ]

    operations = [
        migrations.AddField(
            model_name="thread",
            name="has_draft",
            field=models.BooleanField(
                db_default=False, default=False, help_text="An answer is begun and not sent."
            ),
        ),
        migrations.AlterField(
            model_name="thread",
            name="participants",
            field=models.JSONField(
                default=list,
                help_text="Who wrote, drafts left out: [[name, address], …], oldest first, at most 8.",
            ),
        ),
        migrations.RunSQL(
            "UPDATE mailsync_thread SET has_draft = true WHERE id IN"
            " (SELECT thread_id FROM mailsync_placement WHERE shown AND draft)",
            migrations.RunSQL.noop,
        ),
    ]
