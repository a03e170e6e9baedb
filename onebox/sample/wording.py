"""Plain prose in, HTML as mail clients write it out: paragraphs, lists, small tables, links, quotes. Pure.

The prose knows five things: blank lines part paragraphs, ``- `` begins a list item, ``a | b`` is a
table row, ``**words**`` are bold, and a bare https address is a link.
"""

import re
from html import escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"https://[^\s<>()]+[^\s<>().,;:!?]")
_CELL = "border-bottom:1px solid #d5dce6;padding:6px 16px 6px 0;text-align:left"


def plain(prose: str) -> str:
    """The prose as a plain-text body: bold marks gone, table cells in columns."""
    lines = []
    for block in prose.strip().split("\n\n"):
        rows = block.split("\n")
        lines.append(_columns(rows) if _is_table(rows) else _BOLD.sub(r"\1", block))
    return "\n\n".join(lines) + "\n"


def html(prose: str) -> str:
    """The prose as an HTML fragment without styles of its own, tables apart."""
    return "\n".join(_block(block.split("\n")) for block in prose.strip().split("\n\n"))


def quote_text(text: str, intro: str) -> str:
    """``text`` under ``intro``, each line behind ``> `` (RFC 3676 §4.5)."""
    quoted = "\n".join(f"> {line}".rstrip() if not line.startswith(">") else f">{line}" for line in text.splitlines())
    return f"{intro}\n{quoted}\n"


def quote_html(body: str, intro: str, client: str) -> str:
    """``body`` quoted in the manner of ``client``: the shapes that quote folding meets in the field."""
    if client == "apple":
        return (
            f'<div><br><blockquote type="cite"><div>{escape(intro)}</div><br>'
            f'<div class="Apple-interchange-newline">{body}</div></blockquote></div>'
        )
    if client == "outlook":
        return (
            '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
            f'<p class="MsoNormal"><b>{escape(intro)}</b></p></div>{body}'
        )
    return (
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(intro)}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'
        f"{body}</blockquote></div>"
    )


def _is_table(rows: list[str]) -> bool:
    return len(rows) > 1 and all(" | " in row for row in rows)


def _columns(rows: list[str]) -> str:
    cells = [row.split(" | ") for row in rows]
    widths = [max(len(row[i]) if i < len(row) else 0 for row in cells) for i in range(max(map(len, cells)))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in cells)


def _inline(text: str) -> str:
    linked = _LINK.sub(lambda match: f'<a href="{match[0]}">{match[0].removeprefix("https://")}</a>', escape(text))
    return _BOLD.sub(r"<b>\1</b>", linked)


def _block(rows: list[str]) -> str:
    if _is_table(rows):
        head, *body = (row.split(" | ") for row in rows)
        heads = "".join(f'<th style="{_CELL}">{_inline(cell)}</th>' for cell in head)
        lines = ("".join(f'<td style="{_CELL}">{_inline(cell)}</td>' for cell in row) for row in body)
        return (
            f'<table style="border-collapse:collapse"><tr>{heads}</tr>{"".join(f"<tr>{x}</tr>" for x in lines)}</table>'
        )
    if all(row.startswith("- ") for row in rows):
        return "<ul>" + "".join(f"<li>{_inline(row[2:])}</li>" for row in rows) + "</ul>"
    return "<p>" + "<br>\n".join(_inline(row) for row in rows) + "</p>"
