"""Whole numbers as they come from URLs and forms. Pure."""

#: Every number of so many digits fits PostgreSQL's bigint.
BIGINT_DIGITS = 18


def read_number(text: str, *, digits: int = BIGINT_DIGITS) -> int | None:
    """The number that ASCII digits write; None for anything else, and for more than so many digits.

    >>> read_number("042"), read_number("²"), read_number("-1"), read_number(""), read_number("9" * 19)
    (42, None, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
