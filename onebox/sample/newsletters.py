"""Newsletters of several designs: boxes and tables, a dark one, one without colours, cid pictures. Pure.

Each design meets a habit of the field: nested tables with widths as attributes, remote pictures with
a tracking pixel, a stylesheet with media queries, conditional comments, a dark ground, centred text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from mailsync.types import Address
from onebox.sample import pictures
from onebox.sample.issues import ISSUES, Issue
from onebox.sample.letters import File, Letter, SampleMessage, Scene, write


@dataclass(frozen=True, slots=True)
class Paper:
    """A newsletter: who sends it and how it looks. ``one_click``: RFC 8058 as well as RFC 2369."""

    sender: Address
    design: Callable[["Paper", Issue, str], str]
    ink: str
    one_click: bool = True
    has_text: bool = True
    pictures: bool = False


def tell(scene: Scene) -> Iterator[SampleMessage]:
    for number, issue in enumerate(ISSUES):
        paper = PAPERS[issue.paper]
        domain = paper.sender.address.rsplit("@", 1)[-1]
        text = _text(issue, domain)
        files: tuple[File, ...] = ()
        if paper.pictures:
            files = (
                File(
                    "head.png", "image/png", pictures.banner((16, 58, 92), (120, 190, 220)), f"head.{number}@{domain}"
                ),
                File(
                    "chart.png", "image/png", pictures.bars(_heights(issue), (11, 92, 196)), f"chart.{number}@{domain}"
                ),
            )
        leave = f"<https://{domain}/leave?u={number:06x}>, <mailto:leave@{domain}?subject=leave-{number}>"
        letter = Letter(
            key=f"newsletter {issue.paper} {issue.days_ago}",
            sender=paper.sender,
            to=(scene.owner,),
            date=scene.at(issue.days_ago, issue.clock),
            subject=issue.subject,
            text=text if paper.has_text else "",
            html=paper.design(paper, issue, f"{number}@{domain}"),
            files=files,
            headers=(
                ("List-ID", f"{paper.sender.name} <news.{domain}>"),
                ("List-Unsubscribe", leave),
                *((("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),) if paper.one_click else ()),
                ("Precedence", "bulk"),
                (
                    "Authentication-Results",
                    f"mx.nordlicht.example; dkim=pass header.d={domain}; spf=pass smtp.mailfrom=bounce.{domain};"
                    f" dmarc=pass header.from={domain}",
                ),
            ),
        )
        seen = () if issue.unread else ("\\Seen",)
        yield SampleMessage("INBOX" if issue.days_ago < 75 else "Archive", seen, letter.date, write(letter))


def _text(issue: Issue, domain: str) -> str:
    parts = [issue.subject, "=" * min(len(issue.subject), 60), "", issue.lead, ""]
    for head, body in issue.items:
        parts += [f"* {head}", body, ""]
    return "\n".join([*parts, f"Read on the web: https://{domain}/now", f"Leave: https://{domain}/leave", ""])


def _heights(issue: Issue) -> list[int]:
    return [30 + len(word) * 9 % 60 for word in issue.lead.split()[:9]]


def _pixel(token: str) -> str:
    return f'<img src="https://open.{token.split("@")[1]}/t/{token.split("@")[0]}.gif" width="1" height="1" alt="">'


def _boxes(paper: Paper, issue: Issue, token: str) -> str:
    """Nested tables, bgcolor and width as attributes, remote pictures: the classic shop letter."""
    domain = token.split("@")[1]
    cells = "".join(
        f'<tr><td width="200" valign="top" style="padding:12px"><img src="https://img.{domain}/{n}.jpg" width="176"'
        f' height="132" alt="{escape(head)}" style="display:block;border:0"></td><td valign="top"'
        f' style="padding:12px 12px'
        f' 12px 0"><font face="Georgia, serif" size="4" color="{paper.ink}"><b>{escape(head)}</b></font><br>'
        f'<font face="Arial" size="2">{escape(body)}</font><br><br><a href="https://click.{domain}/{n}?u={token}"'
        f' style="background:{paper.ink};color:#ffffff;padding:9px 18px;text-decoration:none;font:bold 13px Arial">'
        "Read more</a></td></tr>"
        for n, (head, body) in enumerate(issue.items)
    )
    return (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-'
        'transitional.dtd"><html><head><style type="text/css">@media only screen and (max-width:620px){.wide{width:100%'
        "!important}}</style><!--[if mso]><style>td{mso-line-height-rule:exactly}</style><![endif]--></head>"
        '<body bgcolor="#efe9df"><table width="100%" bgcolor="#efe9df" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td align="center"><table class="wide" width="600" bgcolor="#ffffff" cellpadding="0" cellspacing="0"><tr>'
        f'<td colspan="2" align="center" bgcolor="{paper.ink}"><img src="https://img.{domain}/head.png" width="600"'
        f' height="140" alt="{escape(paper.sender.name)}" style="display:block;color:#ffffff;font:28px'
        f' Georgia"></td></tr>'
        f'<tr><td colspan="2" style="padding:24px 24px 8px;font:16px/1.5 Georgia,serif">{escape(issue.lead)}</td></tr>'
        f'{cells}<tr><td colspan="2" align="center" style="padding:20px;font:11px Arial;color:#777777">You get'
        f" this letter"
        f' because you asked for it. <a href="https://{domain}/leave" style="color:#777777">Leave</a></td></tr></table>'
        f"</td></tr></table>{_pixel(token)}</body></html>\n"
    )


def _dark(paper: Paper, issue: Issue, token: str) -> str:
    """Light words on a dark ground of its own."""
    items = "".join(
        f'<div style="border-left:3px solid {paper.ink};padding:2px 0 2px 16px;margin:22px 0"><h2 style="font:600 17px'
        f' system-ui,sans-serif;color:#ffffff;margin:0 0 6px">{escape(head)}</h2><p style="margin:0;color:#b8c4d6">'
        f"{escape(body)}</p></div>"
        for head, body in issue.items
    )
    return (
        '<html><body style="margin:0;background-color:#0d1117"><div style="max-width:580px;margin:0'
        " auto;padding:36px 28px;"
        'background-color:#0d1117;color:#dfe7f2;font:15px/1.6 system-ui,-apple-system,sans-serif">'
        f'<div style="color:{paper.ink};font-weight:700;letter-spacing:.08em;font-size:12px">'
        f"{escape(paper.sender.name.upper())}</div>"
        f'<h1 style="font:700 26px/1.25 system-ui,sans-serif;color:#ffffff;margin:10px 0'
        f' 18px">{escape(issue.subject)}</h1>'
        f'<p style="color:#dfe7f2">{escape(issue.lead)}</p>{items}<p style="font-size:12px;color:#8b98ab">Too'
        f" much mail? "
        f'<a style="color:#8b98ab" href="https://{token.split("@")[1]}/leave">Leave in one click</a>.</p></div>'
        f"{_pixel(token)}</body></html>\n"
    )


def _bare(paper: Paper, issue: Issue, token: str) -> str:
    """No colours, no widths: a letter that follows the reader's theme."""
    items = "".join(f"<h3>{escape(head)}</h3><p>{escape(body)}</p>" for head, body in issue.items)
    return (
        f"<div><p>{escape(issue.lead)}</p>{items}<hr><p>{escape(paper.sender.name)}<br>"
        f'<a href="https://{token.split("@")[1]}/leave">Unsubscribe</a></p></div>\n'
    )


def _pictured(paper: Paper, issue: Issue, token: str) -> str:
    """Pictures that travel with the message as cid parts (RFC 2392), and a table of figures."""
    rows = "".join(
        f'<tr><td style="padding:10px 14px 10px 0;border-bottom:1px solid #dde5ee;font-weight:600;vertical-align:top">'
        f'{escape(head)}</td><td style="padding:10px 0;border-bottom:1px solid #dde5ee">{escape(body)}</td></tr>'
        for head, body in issue.items
    )
    return (
        '<html><body style="background:#ffffff;color:#1d2a3a;font:15px/1.6 Helvetica,Arial,sans-serif"><div'
        f' style="max-width:600px;margin:0 auto"><img src="cid:head.{token}" alt="" width="600" style="width:100%;'
        f'height:auto"><h1'
        f' style="font-size:22px;color:{paper.ink}">{escape(issue.subject)}</h1><p>{escape(issue.lead)}</p>'
        f'<img src="cid:chart.{token}" alt="The week in bars" width="520" style="max-width:100%;height:auto">'
        f'<table style="border-collapse:collapse;width:100%">{rows}</table></div></body></html>\n'
    )


PAPERS: dict[str, Paper] = {
    "hafenblatt": Paper(Address("Hafenblatt", "redaktion@hafenblatt.example"), _boxes, "#8c2f1b"),
    "nightwatch": Paper(Address("Night Watch Weekly", "hello@nightwatch.example"), _dark, "#58d0c2"),
    "slowweb": Paper(Address("The Slow Web", "letters@slowweb.example"), _bare, "#333333"),
    "tidewatch": Paper(Address("Tide & Wind", "week@tidewind.example"), _pictured, "#0b4f8a", pictures=True),
    "bluemarket": Paper(
        Address("Blue Market", "offers@bluemarket.example"), _boxes, "#0b5cc4", one_click=False, has_text=False
    ),
}
