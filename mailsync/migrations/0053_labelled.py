"""Labels are listed and counted from rows of their own, whatever of all mail carries one.

A third of a million messages with a label made each page of the site read them all, as the column counts them, and the
page of a rare label read those of all labels. The rows follow the placements by a trigger, as placements are written in
two dozen places. It is queued only for rows with a label: for others the condition is a fraction of a microsecond.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

#: ``KEYWORDS_OF_PROGRAMS`` of ``mailsync.models.message``.
_PROGRAMS = (
    "'{$Forwarded,Forwarded,$MDNSent,MDNSent,$Junk,$NotJunk,Junk,NonJunk,NotJunk,$SubmitPending,$Submitted,$Phishing,"
    "$MailFlagBit0,$MailFlagBit1,$MailFlagBit2,Redirected,$HasAttachment,$HasNoAttachment,$X-ME-Annot-2,$recent,Old,"
    "Unwanted}'::text[]"
)
_OLD, _NEW, _P = (f"{row}.shown AND NOT ({row}.keywords <@ {_PROGRAMS})" for row in ("OLD", "NEW", "p"))

# Keywords do not differ by case (RFC 9051 §2.3.2).
_FUNCTIONS = f"""
CREATE FUNCTION mailsync_labels(keywords text[]) RETURNS TABLE (keyword text, spelled text) LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(k COLLATE "C"), min(k COLLATE "C") FROM unnest(keywords) AS k
     WHERE k <> ALL ({_PROGRAMS}) GROUP BY lower(k COLLATE "C")
$$;

CREATE FUNCTION mailsync_keep_labelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Of a row that is inserted OLD is null, and NEW of one that is deleted: neither is shown.
    INSERT INTO mailsync_labelchange (account_id, message_id, folder_id, keyword, spelled, unread, difference)
    SELECT account_id, message_id, folder_id, keyword, spelled, unread, sum(n) FROM (
        SELECT OLD.account_id, OLD.message_id, OLD.folder_id, l.keyword, l.spelled, NOT OLD.seen, -1
          FROM mailsync_labels(OLD.keywords) AS l WHERE OLD.shown
         UNION ALL
        SELECT NEW.account_id, NEW.message_id, NEW.folder_id, l.keyword, l.spelled, NOT NEW.seen, 1
          FROM mailsync_labels(NEW.keywords) AS l WHERE NEW.shown
    ) AS change (account_id, message_id, folder_id, keyword, spelled, unread, n)
     GROUP BY account_id, message_id, folder_id, keyword, spelled, unread HAVING sum(n) <> 0;

    IF TG_OP = 'UPDATE' AND (OLD.shown, OLD.folder_id, OLD.received_at, OLD.keywords)
                          = (NEW.shown, NEW.folder_id, NEW.received_at, NEW.keywords) THEN
        RETURN NULL;  -- Marked as read or unread: the lines are what they were.
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM mailsync_labelled WHERE placement_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO mailsync_labelled (placement_id, keyword, folder_id, received_at)
        SELECT NEW.id, l.keyword, NEW.folder_id, NEW.received_at FROM mailsync_labels(NEW.keywords) AS l WHERE NEW.shown
            ON CONFLICT (placement_id, keyword)
            DO UPDATE SET folder_id = excluded.folder_id, received_at = excluded.received_at;
    END IF;
    RETURN NULL;
END
$$;
"""
_FILL = f"""
INSERT INTO mailsync_labelled (placement_id, keyword, folder_id, received_at)
SELECT p.id, l.keyword, p.folder_id, p.received_at
  FROM mailsync_placement p CROSS JOIN LATERAL mailsync_labels(p.keywords) AS l WHERE {_P};

INSERT INTO mailsync_labeltally (account_id, keyword, spelled, folder_ids, unread_ids, messages)
SELECT account_id, keyword, spelled, folder_ids, unread_ids, count(*) FROM (
    SELECT p.account_id, l.keyword, min(l.spelled COLLATE "C") AS spelled,
           array_agg(DISTINCT p.folder_id ORDER BY p.folder_id) AS folder_ids,
           coalesce(array_agg(DISTINCT p.folder_id ORDER BY p.folder_id) FILTER (WHERE NOT p.seen), '{{}}') AS unread_ids
      FROM mailsync_placement p CROSS JOIN LATERAL mailsync_labels(p.keywords) AS l WHERE {_P}
     GROUP BY p.account_id, p.message_id, l.keyword
) AS message GROUP BY account_id, keyword, spelled, folder_ids, unread_ids;
"""
_TRIGGERS = f"""
CREATE TRIGGER labelled_insert AFTER INSERT ON mailsync_placement
   FOR EACH ROW WHEN ({_NEW}) EXECUTE FUNCTION mailsync_keep_labelled();
CREATE TRIGGER labelled_update
 AFTER UPDATE OF account_id, folder_id, message_id, received_at, seen, keywords, shown ON mailsync_placement
   FOR EACH ROW WHEN (({_OLD} OR {_NEW})
        AND (OLD.account_id, OLD.folder_id, OLD.message_id, OLD.received_at, OLD.seen, OLD.keywords, OLD.shown)
         <> (NEW.account_id, NEW.folder_id, NEW.message_id, NEW.received_at, NEW.seen, NEW.keywords, NEW.shown))
   EXECUTE FUNCTION mailsync_keep_labelled();
CREATE TRIGGER labelled_delete AFTER DELETE ON mailsync_placement
   FOR EACH ROW WHEN ({_OLD}) EXECUTE FUNCTION mailsync_keep_labelled();
"""
_UNDO = """
DROP TRIGGER labelled_insert ON mailsync_placement;
DROP TRIGGER labelled_update ON mailsync_placement;
DROP TRIGGER labelled_delete ON mailsync_placement;
DROP FUNCTION mailsync_keep_labelled();
DROP FUNCTION mailsync_labels(text[]);
"""


def _of(model: str) -> "models.ForeignKey[models.Model, models.Model]":
    """A key that the trigger keeps."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=model,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_archive_mode"),
        ("mailsync", "0052_few_of_many"),
    ]

    operations = [
        migrations.CreateModel(
            name="Labelled",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "placement_id", "keyword", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("placement", _of("mailsync.placement")),
                ("folder", _of("mailsync.folder")),
                ("keyword", models.TextField(db_collation="C")),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("folder"),
                        models.F("keyword"),
                        models.OrderBy(models.F("received_at"), descending=True),
                        models.OrderBy(models.F("placement"), descending=True),
                        name="labelled_list",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.mailaccount"
                    ),
                ),
                ("keyword", models.TextField(db_collation="C", help_text="In lower case.")),
                ("spelled", models.TextField(db_collation="C")),
                (
                    "folder_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, help_text="Sorted.", size=None
                    ),
                ),
                (
                    "unread_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, help_text="Those of them where it is unread.", size=None
                    ),
                ),
                ("messages", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LabelChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.mailaccount",
                    ),
                ),
                ("message", _of("mailsync.message")),
                ("folder", _of("mailsync.folder")),
                ("keyword", models.TextField(db_collation="C")),
                ("spelled", models.TextField(db_collation="C")),
                ("unread", models.BooleanField(default=False)),
                ("difference", models.SmallIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["account", "message"], name="label_change_message")]},
        ),
        migrations.RunSQL(_FUNCTIONS + _TRIGGERS + _FILL, _UNDO),
        migrations.RemoveIndex(model_name="placement", name="placement_labelled"),
    ]
