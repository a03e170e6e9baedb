"""Mail that machines write: bills, tickets, parcels, loans, statements. A scene in, messages out. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from mailsync.types import Address
from onebox.sample import wording
from onebox.sample.files import PDF, calendar, pdf
from onebox.sample.letters import ZONE, File, Letter, SampleMessage, Scene, write

STADTWERKE = Address("Stadtwerke Kielkanal", "rechnung@stadtwerke-kielkanal.example")
PHONE = Address("Fjordfunk", "billing@fjordfunk.example")
RAIL = Address("Nordbahn", "tickets@nordbahn.example")
LIBRARY = Address("Library of Kiel", "loans@stadtbuecherei-kiel.example")
PARCEL = Address("Paketmöwe", "status@paketmoewe.example")
HOSTING = Address("Inselhost", "noreply@inselhost.example")
BANK = Address("Fördebank", "service@foerdebank.example")
SHOP = Address("Tauwerk & Co.", "orders@tauwerk.example")


@dataclass(frozen=True, slots=True)
class Notice:
    """A machine's letter before it has an address and a date."""

    key: str
    sender: Address
    days_ago: float
    clock: str
    subject: str
    prose: str
    folder: str = "INBOX"
    label: str = ""
    files: tuple[File, ...] = ()
    unread: bool = False
    accent: str = "#0b5cc4"


def tell(scene: Scene) -> Iterator[SampleMessage]:
    for notice in (
        *_power_bills(scene),
        *_phone_bills(scene),
        *_tickets(scene),
        *_loans(scene),
        *_parcels(),
        *_orders(scene),
        *_hosting(scene),
        *_bank(scene),
    ):
        yield _send(scene, notice)


def _send(scene: Scene, notice: Notice) -> SampleMessage:
    domain = notice.sender.address.rsplit("@", 1)[-1]
    letter = Letter(
        key=notice.key,
        sender=notice.sender,
        to=(scene.owner,),
        date=scene.at(notice.days_ago, notice.clock),
        subject=notice.subject,
        text=wording.plain(notice.prose),
        html=_page(notice),
        files=notice.files,
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("Authentication-Results", f"mx.nordlicht.example; dkim=pass header.d={domain}; dmarc=pass"),
        ),
    )
    folder = "Archive" if notice.folder == "INBOX" and notice.days_ago > 120 else notice.folder
    flags = (*(() if notice.unread else ("\\Seen",)), *((notice.label,) if notice.label else ()))
    return SampleMessage(folder, flags, letter.date, write(letter))


def _page(notice: Notice) -> str:
    return (
        '<!doctype html><html><body style="margin:0;background:#f2f4f7">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">'
        '<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="background:#ffffff;'
        'font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.55;color:#1f2733">'
        f'<tr><td style="background:{notice.accent};color:#ffffff;padding:18px 28px;font-size:18px;font-weight:bold">'
        f"{escape(notice.sender.name)}</td></tr>"
        f'<tr><td style="padding:20px 28px 28px">{wording.html(notice.prose)}</td></tr>'
        f'<tr><td style="padding:14px 28px;border-top:1px solid #e3e7ee;font-size:12px;color:#69758a">'
        f"This message was sent automatically by {escape(notice.sender.name)}. Replies are not read."
        "</td></tr></table></td></tr></table></body></html>\n"
    )


def _months(scene: Scene, day: int, count: int = 14) -> Iterator[tuple[int, datetime]]:
    """(days ago, date) of each month's ``day`` that has passed, newest first."""
    found, ago = 0, 0
    while found < count:
        date = scene.at(ago, "06:00")
        if date.day == day and date <= scene.now:
            found += 1
            yield ago, date
        ago += 1


def _power_bills(scene: Scene) -> Iterator[Notice]:
    for number, (ago, date) in enumerate(_months(scene, 19)):
        cents = 7120 + (number * 733 + date.month * 611) % 4200
        amount = f"{cents // 100}.{cents % 100:02d}"
        debit = date + timedelta(days=9)
        yield Notice(
            f"power {date:%Y-%m}",
            STADTWERKE,
            ago,
            "06:12",
            f"Invoice {date:%Y-%m} for contract 48 117",
            "Dear Ms Berg,\n\n"
            f"your monthly statement is ready. Amount due: **{amount} EUR**, to be debited on {debit.day}"
            f" {debit:%B}.\n\n"
            f"Item | Amount\nElectricity, {118 + number * 5 % 40} kWh | {cents * 6 // 1000}.{cents % 89:02d} EUR\n"
            f"Heating | {cents * 4 // 1000}.{(cents + 31) % 97:02d} EUR\n\n"
            "The invoice is attached as PDF. You do not have to do anything.\n\nYour Stadtwerke",
            folder="Receipts" if number else "INBOX",
            label="Receipts",
            files=(
                File(
                    f"Invoice-{date:%Y-%m}.pdf",
                    PDF,
                    pdf(f"Invoice {date:%Y-%m}", ["Contract 48 117", f"Amount due: {amount} EUR", "Paid by debit."]),
                ),
            ),
            accent="#1c7a4d",
        )


def _phone_bills(scene: Scene) -> Iterator[Notice]:
    for ago, date in _months(scene, 4, 13):
        yield Notice(
            f"phone {date:%Y-%m}",
            PHONE,
            ago,
            "04:40",
            f"Your Fjordfunk bill for {date:%B %Y}",
            f"Hello Anna Berg,\n\nyour bill for {date:%B} is **14.99 EUR**. You used"
            f" {3 + date.month * 7 % 9}.{date.month} GB"
            " of 20 GB and made 41 minutes of calls.\n\nYou find every bill at https://mein.fjordfunk.example/bills",
            folder="Receipts",
            accent="#5b3fa8",
        )


_JOURNEYS = (
    (0, "07:18", "Hamburg – Copenhagen", "Coach 7, seats 41 and 43", "07:53 from Hamburg Hbf, platform 8", 12),
    (49, "19:02", "Kiel – Hamburg", "Coach 2, seat 15", "06:21 from Kiel Hbf, platform 4", 3),
    (121, "12:44", "Kiel – Flensburg", "No reservation", "15:41 from Kiel Hbf, platform 2", 6),
    (196, "08:30", "Kiel – Berlin", "Coach 11, seat 72 (quiet zone)", "08:02 from Kiel Hbf, platform 1", 9),
    (262, "21:15", "Hamburg – Stockholm", "Sleeper, compartment 5, beds 51 and 53", "21:55 from Hamburg Altona", 30),
)


def _tickets(scene: Scene) -> Iterator[Notice]:
    for days, clock, route, seats, departure, ahead in _JOURNEYS:
        day = scene.at(days, clock) + timedelta(days=ahead)
        stamp = f"{day:%Y%m%d}"
        yield Notice(
            f"rail {route}",
            RAIL,
            days,
            clock,
            f"Your tickets: {route}",
            f"Dear Ms Berg,\n\nhere are your tickets. {seats}. Departure {day:%A} {day.day} {day:%B} {departure}.\n\n"
            f"Order | Journey | Travellers\n{days + 771204} | {route} | Anna Berg and company\n\n"
            "Show the code in the PDF on your screen; you need not print it. You can change the journey for nothing"
            " until the day before: https://nordbahn.example/my-journeys",
            label="Travel",
            files=(
                File(
                    "Tickets.pdf", PDF, pdf(f"Nordbahn: {route}", [seats, departure, f"{day:%A} {day.day} {day:%B %Y}"])
                ),
                File(
                    "Journey.ics",
                    "text/calendar",
                    calendar(route, f"{stamp}T065300Z", f"{stamp}T113000Z", "Hbf", f"{days}@nordbahn.example"),
                ),
            ),
            accent="#b3261e",
        )


def _loans(scene: Scene) -> Iterator[Notice]:
    shelves = (
        "The Left Hand of Darkness; Designing Data-Intensive Applications; Ostseeküche",
        "The Dispossessed; Knots and Splices; A History of Tides",
        "Italienisch in 30 Tagen; The Summer Book; Bread Is Gold",
        "Moby-Dick; Wasserbau im 19. Jahrhundert",
        "The Rings of Saturn; How Buildings Learn; Kinderlieder für Erwachsene",
    )
    for number, (ago, titles) in enumerate(zip((3, 60, 133, 221, 330), shelves, strict=True)):
        due = scene.at(ago) + timedelta(days=7)
        count = {2: "Two", 3: "Three"}[titles.count(";") + 1]
        yield Notice(
            f"library {number}",
            LIBRARY,
            ago,
            "09:00",
            f"{count} loans are due on {due.day} {due:%B}",
            f"Dear reader,\n\nplease return or renew by {due:%A}, {due.day} {due:%B}:\n\n"
            + "\n".join(f"- {title.strip()}" for title in titles.split(";"))
            + "\n\nRenew online at https://stadtbuecherei-kiel.example/account or at the desk.\n\nYour library",
            accent="#8a4b00",
        )


def _parcels() -> Iterator[Notice]:
    for number, (ago, what, where) in enumerate(
        (
            (1, "Tauwerk & Co.", "We bring it today between 13:00 and 15:00."),
            (22, "Bücherschiff", "We left it with your neighbour Familie Petersen, 1st floor."),
            (73, "Tauwerk & Co.", "You were not at home. It waits at the kiosk, Holtenauer Straße, for seven days."),
            (140, "Gartenhaus Lund", "It is larger than your door. Please call us."),
            (233, "Bücherschiff", "It lies in your letter box."),
        )
    ):
        yield Notice(
            f"parcel {number}",
            PARCEL,
            ago,
            "08:05",
            f"Your parcel from {what}",
            f"Moin Anna,\n\na parcel from **{what}** is on its way to you. {where}\n\n"
            f"Number | 00340 4341 9{number}51 7\nWeight | {1 + number}.{number} kg\n\n"
            f"Follow it: https://paketmoewe.example/t/0034043419{number}517",
            unread=ago == 1,
            accent="#0f7d86",
        )


def _orders(scene: Scene) -> Iterator[Notice]:
    baskets = (
        (2, [("Mooring line 14 mm, 12 m", "38.90"), ("Shackle, stainless, 8 mm (4)", "11.60")]),
        (74, [("Rowing gloves, size 8", "24.50"), ("Dry bag 20 l, yellow", "29.00"), ("Sail thread", "4.20")]),
        (168, [("Bicycle bell “Brass”", "17.95")]),
        (301, [("Head torch", "42.00"), ("Wool socks, grey (2)", "21.80")]),
    )
    for number, (ago, items) in enumerate(baskets):
        total = sum(float(price) for _, price in items)
        rows = "\n".join(f"{name} | {price} EUR" for name, price in items)
        yield Notice(
            f"order {number}",
            SHOP,
            ago,
            "20:31",
            f"Order T-{20417 - ago} confirmed",
            f"Thank you for your order, Anna!\n\nItem | Price\n{rows}\nTotal | {total:.2f} EUR\n\n"
            "We pack tomorrow morning and write again when it leaves the house.\n\nTauwerk & Co., Am Hafen 3",
            folder="Receipts" if number else "INBOX",
            label="Receipts",
            accent="#20406b",
        )


def _hosting(scene: Scene) -> Iterator[Notice]:
    night = scene.now.astimezone(ZONE) + timedelta(days=2)
    yield Notice(
        "hosting maintenance",
        HOSTING,
        1,
        "15:00",
        f"Scheduled maintenance on {night.day} {night:%B}",
        "Dear customer,\n\nbetween 02:00 and 04:00 the network in FSN-DC14 may be interrupted for up to ten minutes."
        " Servers are not restarted. We are sorry for the bother.\n\nStatus: https://status.inselhost.example",
        accent="#c2410c",
    )
    for ago, subject, prose in (
        (21, "Invoice IH-2291", "this month’s servers come to **11.90 EUR**. We debit the amount in the next days."),
        (
            82,
            "Your domain nordlicht.example was renewed",
            "the domain runs for another year. You need not do anything.",
        ),
        (187, "Backup of vm-harbor-2 failed", "last night’s backup stopped: disk full (98 %). We try again tonight."),
    ):
        yield Notice(
            f"hosting {ago}",
            HOSTING,
            ago,
            "05:55",
            subject,
            f"Dear customer,\n\n{prose}",
            label="Code",
            accent="#c2410c",
        )


def _bank(scene: Scene) -> Iterator[Notice]:
    for ago, date in _months(scene, 1, 12):
        yield Notice(
            f"bank {date:%Y-%m}",
            BANK,
            ago,
            "03:15",
            "A new document is in your mailbox",
            "Dear Ms Berg,\n\nyour account statement is ready in your bank mailbox. For your safety this message"
            " holds no"
            " link and no figures: please sign in as you always do.\n\nFördebank",
            accent="#123c69",
        )
