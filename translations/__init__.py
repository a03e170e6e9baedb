"""Catalogues of the site's words: what is said flows in from the source, ``webmail/locale`` flows out.

For maintainers only; nothing of it runs in the site. ``make words`` brings the catalogues in step with the source,
``tests/house/test_words.py`` holds them there.
"""
