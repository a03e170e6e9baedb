"""Addresses of pages by their name and numbers. A list or a conversation has dozens, and finding one out by Django's
patterns takes longer than all else of a row. Pure."""

from functools import cache

from django.urls import reverse


def address_of(name: str, *numbers: int) -> str:
    """``reverse`` for a page whose address holds numbers alone."""
    return address_pattern(name, len(numbers)) % numbers


@cache
def address_pattern(name: str, count: int) -> str:
    """The address of that name with ``%d`` for each of its numbers."""
    numbers = [10**9 + at for at in range(count)]
    address = reverse(name, args=numbers).replace("%", "%%")
    for number in numbers:
        address = address.replace(str(number), "%d")
    return address
