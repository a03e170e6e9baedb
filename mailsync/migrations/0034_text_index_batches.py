from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    """How much may wait to be merged is said by the writer (``store.text_index``), no longer by the index."""

    dependencies = [("mailsync", "0033_sorted_lists")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER INDEX message_text_words RESET (gin_pending_list_limit)",
                    "ALTER INDEX message_text_words SET (gin_pending_list_limit = 512)",
                ),
            ],
            state_operations=[
                migrations.RemoveIndex("messagetext", "message_text_words"),
                migrations.AddIndex(
                    "messagetext", GinIndex(fields=["account", "vector"], name="message_text_words")
                ),
            ],
        ),
    ]
