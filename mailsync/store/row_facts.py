"""What lines of lists are sorted and narrowed by, as SQL over a message ``m`` and its folder ``f``. Database room.

Lines of conversations (``store.summary``) and of single messages (``store.message_rows``) are told by the same words.
"""

#: Accents off and in small letters, without quotes and brackets in front: “Émile” stands beside "emma".
SORTED = r"""left(
    regexp_replace(normalize(lower(ltrim({}, E' \t"''“”„‘‚«<([*_-.')), NFD), '[\u0300-\u036f]', '', 'g'), 60)"""
#: In what the user wrote, the person worth sorting by is the one it went to.
PERSON = """CASE WHEN f.role IN ('sent', 'drafts')
                THEN coalesce(nullif(m.recipients #>> '{to,0,0}', ''), m.recipients #>> '{to,0,1}', '')
                ELSE coalesce(nullif(m.from_name, ''), m.from_address, '') END"""

#: Every address of a person, in small letters.
ADDRESSES = """SELECT lower(address) FROM accounts_mailaccount WHERE user_id = {0}
                UNION SELECT lower(address) FROM accounts_identity WHERE user_id = {0}
                UNION SELECT lower(email) FROM accounts_user WHERE id = {0}"""
#: Whether the message names an address of ``mine``.
NAMES_ME = """EXISTS (
               SELECT FROM jsonb_array_elements(
                   coalesce(m.recipients -> 'to', '[]') || coalesce(m.recipients -> 'cc', '[]')) AS one
                WHERE lower(one ->> 1) = ANY(mine.addresses)
           )"""
