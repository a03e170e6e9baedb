"""What marks a message in which places had to be left out is told from the name of a list that begins with "ong"."""

from django.db import migrations

_RENAME = """
    UPDATE mailsync_messagetext
       SET vector = ts_delete(vector, '{old}') || '''{new}'':1'::tsvector
     WHERE vector @@ '''{old}'''::tsquery
"""


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0045_message_rows"),
    ]

    operations = [
        migrations.RunSQL(
            _RENAME.format(old=".long", new=".xlong"),
            _RENAME.format(old=".xlong", new=".long"),
        ),
    ]
