"""The sprite of icons: names flow in, one ``icons.svg`` flows out. Pure but for reading the package.

Each icon is Lucide's drawing (ISC licence, from the ``lucide`` package) as a ``<symbol>`` that takes
its colour from the text beside it, called ``i-`` and its name, as scripts put a copy of them into the page; ``mark``
is Heron's own. Templates write ``{% icon "archive" %}``,
scripts use the same file, so a new icon is one new name in ``ICONS``. ``webmail/assets.py`` makes the
sprite a static file.
"""

import re
from collections.abc import Iterable
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

SPRITE = "icons.svg"

_NAMES = """
activity alarm-clock archive arrow-down arrow-left arrow-up arrow-up-down at-sign ban baseline bell bell-off bold
book-user brush-cleaning calendar calendar-check calendar-clock calendar-x check check-check chevron-down chevron-left
chevron-right chevron-up circle circle-alert circle-check circle-pause circle-question-mark circle-user circle-x clock
cloud-off cloud-upload code contact copy database download ellipsis ellipsis-vertical external-link eye file
file-archive file-pen-line file-text fingerprint-pattern flag flag-off folder folder-input folder-plus folder-tree
forward funnel globe hard-drive heading highlighter history hourglass image inbox info italic key-round keyboard
languages layout-template link list list-checks list-ordered loader lock log-in log-out mail mail-check mail-open
mail-plus mails map-pin maximize-2 menu merge minus monitor octagon-alert palette paperclip pause pencil pin pin-off
play plus printer quote redo-2 refresh-cw remove-formatting reply reply-all rotate-ccw save scissors search search-x
send server settings shield shield-alert shield-check signature sliders-horizontal smartphone smile split square-pen
star strikethrough sun table-2 tag text-align-center text-align-end text-align-start timer trash trash-2 tree-palm
triangle-alert type underline undo-2 unlink unplug upload user user-plus users webhook x
"""
ICONS = tuple(_NAMES.split())

# Two wings over a sheet: a heron's flight, and an envelope's flap.
_MARK = (
    '<symbol id="i-mark" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#0b5cc4"/>'
    '<path d="M7 15.5v6.7A2.8 2.8 0 0 0 9.8 25h12.4a2.8 2.8 0 0 0 2.8-2.8v-6.7l-9 6.6z" fill="#fff" opacity=".32"/>'
    '<path d="m6.5 8.5 8.3 6.4a2 2 0 0 0 2.4 0l8.3-6.4" fill="none" stroke="#fff" stroke-width="2.4"'
    ' stroke-linecap="round" stroke-linejoin="round"/>'
    '<path d="m6.5 14.2 8.3 6.4a2 2 0 0 0 2.4 0l8.3-6.4" fill="none" stroke="#fff" stroke-width="2.4"'
    ' stroke-linecap="round" stroke-linejoin="round" opacity=".72"/>'
    "</symbol>"
)
_STROKES = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def build_sprite(names: Iterable[str]) -> str:
    """The sprite with a symbol for each name, in order, and the mark.

    Raises ``KeyError`` naming an icon that Lucide does not have.
    """
    symbols = [_MARK]
    with ZipFile(BytesIO(files("lucide").joinpath("lucide.zip").read_bytes())) as drawings:
        for name in names:
            try:
                drawing = drawings.read(f"{name}.svg").decode()
            except KeyError as error:
                raise KeyError(f"Lucide has no icon {name!r}; mend the list in webmail/icons.py.") from error
            inner = _INNER.search(drawing)
            body = " ".join(inner[1].split()) if inner else ""
            symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24" {_STROKES}>{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
