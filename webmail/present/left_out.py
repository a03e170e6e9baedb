"""What of a file of people was left out, in words that say where it stands and why. Pure."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.message.vcard import LeftOut

#: More are only counted: a file with so many mistakes is mended where it was made.
_NAMED = 100


def present_left_out(left_out: Sequence[LeftOut], *, is_table: bool) -> list[str]:
    """One line each. Cards are counted as they stand in the file, rows as a spreadsheet numbers them."""
    lines = [_line(one, is_table=is_table) for one in left_out[:_NAMED]]
    if (more := len(left_out) - len(lines)) > 0:
        lines.append(ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more})
    return lines


def _line(one: LeftOut, *, is_table: bool) -> str:
    place = (_("Row %(n)d") if is_table else _("Card %(n)d")) % {"n": one.number}
    return f"{place} ({one.name}): {_why(one)}" if one.name else f"{place}: {_why(one)}"


def _why(one: LeftOut) -> str:
    match one.why:
        case "nobody":
            return _("It names nobody: there is no name, firm, number or valid email address.")
        case "no_end":
            return _("It is cut off: its end is missing.")
        case "no_address":
            return _("“%(text)s” is not an email address. The person is kept without it.") % {"text": one.what}
        case "damaged":
            return _("The table is damaged here. Nothing after it was read.")
        case "too_many":
            return _("The file holds more people than an address book. Nothing from here on was read.")
