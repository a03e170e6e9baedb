"""A search for a small mailbox's words no longer reads its neighbours' texts.

A plan that is made once for all values does not know how few texts an account has: it looks the words up in everybody's
mail and leaves out afterwards what is not one's own. Beside a mailbox of a million messages a word with 3,300 hits in
one of 10,000 took 1.4 s in that way, and takes 2 ms by a plan made for its values.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION mailsync_find_texts(accounts bigint[], words tsquery) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE ROWS 100 SET enable_seqscan TO off AS $$
BEGIN
    -- Where most texts are one's own, others' hits are few, and to look the account up as well reads its whole list:
    -- 9 ms for a million. The sum of an empty site is null, and so is not more than anything.
    IF (SELECT sum(total) FROM mailsync_folder WHERE account_id = ANY(accounts)) * 2
       > (SELECT reltuples FROM pg_class WHERE oid = 'mailsync_messagetext'::regclass) THEN
        RETURN QUERY EXECUTE 'SELECT message_id FROM mailsync_messagetext'
            ' WHERE account_id + 0 = ANY($1) AND vector @@ $2' USING accounts, words;
    ELSE
        RETURN QUERY EXECUTE 'SELECT message_id FROM mailsync_messagetext'
            ' WHERE account_id = ANY($1) AND vector @@ $2' USING accounts, words;
    END IF;
END
$$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION mailsync_find_texts(accounts bigint[], words tsquery) RETURNS SETOF bigint
LANGUAGE sql STABLE ROWS 100 SET enable_seqscan TO off AS $$
    SELECT message_id FROM mailsync_messagetext WHERE account_id = ANY(accounts) AND vector @@ words
$$
"""


class Migration(migrations.Migration):
    dependencies = [("mailsync", "0046_long_mark")]

    operations = [migrations.RunSQL(FUNCTION, BEFORE)]
