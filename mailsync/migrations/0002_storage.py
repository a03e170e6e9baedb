"""Extensions, and raw bytes kept out of line and uncompressed so that a range of them can be read alone."""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

COLUMNS = [("mailsync_rawmessage", "data"), ("mailsync_blob", "data"), ("mailsync_outgoing", "raw")]


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0001_initial")]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        BtreeGinExtension(),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL",
                f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTENDED",
            )
            for table, column in COLUMNS
        ],
    ]
