"""The mail that breaks webmails: an invitation, a bounce, a phishing try, and messages that obey no RFC. Pure.

Broken ones are written byte by byte, as no library would write them.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime

from onebox.sample import pictures, wording
from onebox.sample.letters import ZONE, Letter, SampleMessage, Scene, message_id, write
from onebox.sample.people import PEOPLE


def tell(scene: Scene) -> Iterator[SampleMessage]:
    yield _invitation(scene)
    yield _bounce(scene)
    yield _delay(scene)
    yield from _phishing(scene)
    yield _forwarded_message(scene)
    yield from _broken(scene)


def _invitation(scene: Scene) -> SampleMessage:
    """text/calendar; method=REQUEST (RFC 6047 §2.4) beside text and HTML."""
    start = (scene.now.astimezone(ZONE) + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)
    stamp, end = f"{start:%Y%m%dT%H%M%S}", f"{start + timedelta(hours=1):%Y%m%dT%H%M%S}"
    sofia = PEOPLE["sofia"]
    invite = "\r\n".join(
        (
            "BEGIN:VCALENDAR", "PRODID:-//Tideline//Calendar//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VTIMEZONE",
            "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19701025T030000",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
            "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:19700329T020000",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT",
            "END:VTIMEZONE", "BEGIN:VEVENT", "UID:roadmap-7731@tideline.example", "SEQUENCE:0",
            f"DTSTAMP:{scene.at(1, '11:12').astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;TZID=Europe/Berlin:{stamp}", f"DTEND;TZID=Europe/Berlin:{end}", "SUMMARY:Roadmap review",
            "LOCATION:Room Leuchtturm", "DESCRIPTION:Please bring one item for the list of what we stop doing.",
            f"ORGANIZER;CN=Sofia Marques:mailto:{sofia.address}",
            f"ATTENDEE;CN=Anna Berg;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{scene.owner.address}",
            f"ATTENDEE;CN=Mei Tanaka;PARTSTAT=ACCEPTED:mailto:{PEOPLE['mei'].address}",
            "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR", "",
        )
    )  # fmt: skip
    date = scene.at(1, "11:12")
    words = (
        f"Sofia Marques invites you: Roadmap review, {start:%A} {start.day} {start:%B}, 14:00–15:00, Room Leuchtturm."
    )
    raw = "\r\n".join(
        (
            f"From: Sofia Marques <{sofia.address}>",
            f"To: {scene.owner.name} <{scene.owner.address}>",
            "Subject: Invitation: Roadmap review",
            f"Date: {format_datetime(date)}",
            f"Message-ID: {message_id('invitation', sofia)}",
            "MIME-Version: 1.0",
            'Content-Type: multipart/alternative; boundary="=_invite"',
            "",
            "--=_invite",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            words,
            "--=_invite",
            "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            f"<p>{words}</p>",
            "--=_invite",
            "Content-Type: text/calendar; charset=utf-8; method=REQUEST",
            "",
            invite + "--=_invite--",
            "",
        )
    )
    return SampleMessage("INBOX", (), date, raw.encode())


def _bounce(scene: Scene) -> SampleMessage:
    return _report(
        scene, "bounce", 4, "09:02", "Undelivered Mail Returned to Sender",
        "I am sorry to have to tell you that your message could not be delivered to\nkassenwart@ruderclub-plön.example:"
        "\n\n    550 5.1.1 No such user here",
        "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user here",
    )  # fmt: skip


def _delay(scene: Scene) -> SampleMessage:
    return _report(
        scene, "delay", 57, "22:41", "Delayed Mail (still being retried)",
        "Your message has not been delivered for four hours. You need not do anything; we keep trying for three days.",
        "Action: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Mon, 1 Jun 2026 10:00:00 +0200",
    )  # fmt: skip


def _report(
    scene: Scene, key: str, days_ago: float, clock: str, subject: str, words: str, status: str
) -> SampleMessage:
    """multipart/report; report-type=delivery-status (RFC 6522, RFC 3464)."""
    when = scene.at(days_ago, clock)
    raw = (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.nordlicht.example>\r\nTo: {scene.owner.address}\r\n"
        f"Subject: {subject}\r\nDate: {format_datetime(when)}\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: {message_id(key, scene.owner)}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;"
        ' report-type=delivery-status;\r\n\tboundary="=_report"\r\n\r\n--=_report\r\n'
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding:"
        f" 8bit\r\n\r\n{words}\r\n\r\n--=_report\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.nordlicht.example\r\n\r\n"
        f"Final-Recipient: rfc822; kassenwart@ruderclub-ploen.example\r\n{status}\r\n\r\n--=_report\r\n"
        f"Content-Type: message/rfc822\r\n\r\nFrom: {scene.owner.address}\r\nTo: kassenwart@ruderclub-ploen.example\r\n"
        "Subject: Joint training in spring\r\n\r\nDear colleague,\r\n\r\nshall we row together in"
        " April?\r\n\r\n--=_report--\r\n"
    )
    return SampleMessage("INBOX", ("\\Seen",), when, raw.encode())


def _phishing(scene: Scene) -> Iterator[SampleMessage]:
    """The name shows one address and the header another; the link's words show one place and lead to another."""
    date = scene.at(2, "03:37")
    page = (
        '<div style="font-family:Arial"><h2 style="color:#123c69">F&ouml;rdebank</h2><p>Dear customer,</p><p>your'
        " access was"
        " <b>limited</b> after 3 sign-ins from an unknown device. Confirm your data within 24 hours or your"
        " account will be"
        ' closed.</p><p><a href="http://foerdebank.secure-login.evil-harbour.example/confirm.php?id=88213">'
        'https://www.foerdebank.example/login</a></p><form action="http://evil-harbour.example/take"><input name=pin'
        ' placeholder=PIN></form><script>document.title="x"</script><p>Security team</p></div>'
    )
    raw = (
        f'From: "Foerdebank <service@foerdebank.example>" <no-reply@mail.evil-harbour.example>\r\nTo:'
        f" {scene.owner.address}\r\n"
        "Reply-To: refund.desk@quickmail.example\r\nSubject: =?utf-8?Q?=E2=9A=A0_Your_account_has_been_limited?=\r\n"
        f"Date: {format_datetime(date)}\r\nMessage-ID:"
        f" <88213.{scene.owner.address.replace('@', '.at.')}@evil-harbour.example>\r\n"
        "Authentication-Results: mx.nordlicht.example; spf=softfail smtp.mailfrom=evil-harbour.example; dkim=none;\r\n"
        " dmarc=fail header.from=mail.evil-harbour.example\r\nX-Priority: 1\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n"
    )
    yield SampleMessage("INBOX", (), date, raw.encode())
    yield SampleMessage("Junk", (), scene.at(6, "04:10"), raw.replace("88213", "77104").encode())


def _forwarded_message(scene: Scene) -> SampleMessage:
    """A whole message as an attachment (message/rfc822) and a picture without a name."""
    date, lena = scene.at(18, "19:19"), PEOPLE["lena"]
    inner = write(
        Letter("inner", PEOPLE["oma"], (lena,), scene.at(19, "10:02"), "The hat", wording.plain(
            "Dear Lena,\n\nwhose hat is it that the dog brought? It fits me. I keep it unless someone complains.\n\nOma"
        ))
    )  # fmt: skip
    head = (
        f"From: Lena Berg <{lena.address}>\r\nTo: {scene.owner.name} <{scene.owner.address}>\r\nSubject: Fwd: The"
        f" hat\r\n"
        f"Date: {format_datetime(date)}\r\nMessage-ID: {message_id('hat', lena)}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_hat"\r\n\r\n--=_hat\r\nContent-Type: text/plain;'
        " charset=utf-8\r\n\r\n"
        "I laughed so much that I had to pull over.\r\n\r\n--=_hat\r\nContent-Type: message/rfc822\r\n"
        "Content-Disposition: attachment\r\n\r\n"
    ).encode()
    return SampleMessage("INBOX", ("\\Seen",), date, head + inner + b"\r\n--=_hat--\r\n")


def _broken(scene: Scene) -> Iterator[SampleMessage]:
    to = scene.owner.address.encode()

    def message(days: float, clock: str, head: bytes, body: bytes, folder: str = "INBOX") -> SampleMessage:
        date = scene.at(days, clock)
        stamp = b"" if b"\nDate:" in head or b"X-No-Date" in head else b"Date: %s\r\n" % format_datetime(date).encode()
        return SampleMessage(folder, ("\\Seen",), date, stamp + head + b"\r\n" + body)

    yield message(  # says us-ascii, is Latin-1
        15, "10:40",
        b"From: Heizungsbau Krueger <info@heizung-krueger.example>\r\nTo: %s\r\nSubject: Wartung der Heizung\r\n"
        b"Message-ID: <wartung-1@heizung-krueger.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;"
        b" charset=us-ascii\r\n" % to,
        "Sehr geehrte Frau Berg,\r\n\r\nwir kommen am Dienstag zur jährlichen Prüfung. Bitte räumen Sie den"
        " Kessel frei.\r\n\r\n"
        "Grüße\r\nF. Krüger\r\n".encode("latin-1"),
    )  # fmt: skip
    yield message(  # 8-bit words in headers without any encoding, and a space in the charset
        32, "13:05",
        "From: Gärtnerei Grün <post@gaertnerei-gruen.example>\r\nSubject: Ihre Rosen sind da – 12 Stück\r\n"
        "Message-ID: <rosen@gaertnerei-gruen.example>\r\nContent-Type: text/plain; charset= \"utf-8 \"\r\n".encode()
        + b"To: %s\r\n" % to,
        b"Die Rosen stehen im Schatten hinter dem Haus. Bitte bis Freitag abholen.\r\n",
    )  # fmt: skip
    yield message(  # the boundary that the header names never comes
        53, "08:08",
        b"From: Scanner 2nd floor <scanner@tideline.example>\r\nTo: %s\r\nSubject: Scan from device"
        b" 2\r\nMIME-Version: 1.0\r\n"
        b"Message-ID: <scan-2@tideline.example>\r\nContent-Type: multipart/mixed; boundary=\"scan-0001\"\r\n" % to,
        b"--scan-1000\r\nContent-Type: text/plain\r\n\r\nOne page was scanned. The page is missing from this"
        b" message.\r\n",
    )  # fmt: skip
    yield message(  # no Date, no Subject, no Message-ID
        23, "05:00",
        b"From: weatherbox@boathouse.example\r\nTo: %s\r\nX-No-Date: the clock of the box is broken\r\n" % to,
        b"water 9.4 C\r\nair 6.1 C\r\nbattery 31 %\r\n", "Boathouse",
    )  # fmt: skip
    yield message(  # a subject that does not end
        78, "17:17",
        b"From: Ideas <ideas@boathouse.example>\r\nTo: %s\r\nMessage-ID: <long@boathouse.example>\r\nSubject: %s\r\n"
        % (to, b" ".join(b"and another thing about the boathouse (%d):" % n for n in range(1, 90))),
        b"It would not fit into the text.\r\n",
    )  # fmt: skip
    yield message(  # nothing at all below the header
        90, "23:11", b"From: Uwe Berg <uwe.berg@posteo.example>\r\nTo: %s\r\nSubject: Test\r\nMessage-ID:"
        b" <test@posteo.example>\r\n" % to, b""
    )  # fmt: skip
    yield message(  # a date that cannot be, an encoded word cut in half, a filename with a path
        104, "12:00",
        b"From: =?utf-8?B?S29waWVyc2hvcCBBbmtl?= <shop@kopier-anke.example>\r\nTo: %s\r\nDate: Thu, 31 Feb 2026"
        b" 25:61:00 +9999\r\n"
        b"Subject: =?utf-8?Q?Ihre_Plakate_sind_fertig_=E2=80?=\r\nMessage-ID: <anke@kopier-anke.example>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=anke\r\n" % to,
        b"--anke\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"50 St=C3=BCck A2, 74,00 =E2=82=AC. Abholung bis 18 Uhr.=\r\n\r\n--anke\r\nContent-Type: image/png\r\n"
        b"Content-Disposition: attachment; filename=\"..\\..\\plakat.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + _base64(pictures.banner((180, 60, 40), (250, 210, 120))) + b"\r\n--anke--\r\n", "Receipts",
    )  # fmt: skip
    yield message(  # quoted-printable and base64 that break off
        128, "15:45",
        b"From: Kurverein <info@kurverein.example>\r\nTo: %s\r\nSubject: Ihre Anfrage\r\nMessage-ID:"
        b" <kur@kurverein.example>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n" % to,
        b"PHA+VmllbGVuIERhbmsgZvxyIElocmUgQW5mcmFnZS48L3A+PHA+U2llIGhhYmVuIGRhcyBaaW1tZXI=\r\nPGI+!!!\r\n", "Archive",
    )  # fmt: skip


def _base64(data: bytes) -> bytes:
    text = base64.b64encode(data)
    return b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
