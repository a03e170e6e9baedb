"""What the owners wrote themselves or never asked for: drafts, notes, lone sent mail, junk, the bin. Pure."""

from collections.abc import Iterator

from mailsync.types import Address
from onebox.sample import pictures, wording
from onebox.sample.letters import File, Letter, Mailbox, SampleMessage, Scene, write
from onebox.sample.people import PEOPLE


def tell(scene: Scene) -> Iterator[SampleMessage]:
    yield from _drafts(scene)
    yield from _sent(scene)
    yield from _junk(scene)
    yield from _bin(scene)
    yield from _friend(scene)


def _letter(
    scene: Scene, key: str, days: float, clock: str, to: tuple[Address, ...], subject: str, prose: str
) -> Letter:
    return Letter(
        key, scene.owner, to, scene.at(days, clock), subject, wording.plain(prose), f"<div>{wording.html(prose)}</div>"
    )


def _drafts(scene: Scene) -> Iterator[SampleMessage]:
    for key, days, clock, to, subject, prose in (
        (
            "draft hall", 0, "08:20", (PEOPLE["priya"], PEOPLE["ingrid"]), f"Fish Hall, {scene.party}: yes from me",
            "Hi Priya,\n\nthe date works and the Fish Hall is the better room. **Please confirm it.** Two small"
            " things before"
            " we sign:\n\n- Does the 640 € include the cloakroom staff?\n- Could we get in on Friday evening to"
            " set up?",
        ),
        ("draft speech", 6, "22:50", (), "Speech for Oma", "Dear Oma,\n\neighty-five years, and not one of them"
        " without plums."),
        ("draft article", 40, "21:12", (PEOPLE["paula"],), "Article: old charts of the bay",
         "The oldest chart of our bay shows a monster where the filling station is now."),
    ):  # fmt: skip
        letter = _letter(scene, key, days, clock, to, subject, prose)
        yield SampleMessage("Drafts", ("\\Draft", "\\Seen"), letter.date, write(letter))


def _sent(scene: Scene) -> Iterator[SampleMessage]:
    eric = Address("Erik (Sextant)", "erik@sextant-und-tee.example")
    for key, days, clock, to, subject, prose in (
        ("sent note", 3, "22:02", (scene.owner,), "Note to self", "- larch screws\n- return the Le Guin\n- call"
        " the dentist"),
        ("sent dentist", 13, "08:05", (PEOPLE["dentist"],), "Moving my appointment",
         "Good morning,\n\ncould I move my appointment from Tuesday to the week after? Mornings are best.\n\nAnna"
         " Berg"),
        ("sent erik", 25, "12:44", (eric,), "A year of Harbor, with thanks",
         "Dear Erik,\n\nyou found four minutes we had lost. Here is a year of Harbor for them: code MOLE-4-MIN."
         " Would you like to do Eckernförde next?\n\nAnna Berg, Tideline"),
        ("sent choir", 61, "20:20", (Address("Chor am Kanal", "chor@kanal.example"),), "A Saturday evening in the"
        " Fish Hall?",
         "Dear choir,\n\nwould you sing for us again? There will be soup, light and, this time, a stage without a"
         " hole.\n\nAnna"),
        ("sent gym", 183, "07:59", (Address("Fitness Fähre", "service@fitness-faehre.example"),), "Cancellation",
         "Dear Sir or Madam,\n\nI hereby cancel my membership 20931 at the next possible date. Please confirm in"
         " writing.\n\nAnna Berg"),
    ):  # fmt: skip
        letter = _letter(scene, key, days, clock, to, subject, prose)
        yield SampleMessage("Sent", ("\\Seen",), letter.date, write(letter))


_JUNK = (
    (0, "02:14", "Casino Neptun", "bonus@casino-neptun.example", "ANNA, your 500 free spins are WAITING!!!",
     "Dear winner,\n\nyou were picked from 4,112,008 people. Claim within 12 hours:"
     " https://casino-neptun.example/claim"),
    (1, "04:51", "Dr. Wellness", "dr@miracle-algae.example", "Doctors hate this algae",
     "One spoon in the morning and your knees are twenty again. Order now, pay later, regret never."),
    (3, "01:09", "Parcel Centre", "info@paket-zoll.example", "Your parcel is held: pay 1.99 EUR",
     "Your parcel cannot be delivered because customs of 1.99 EUR are open. Pay here: https://paket-zoll.example/pay"),
    (5, "23:40", "Barr. Jonathan Whitlock", "barrister.whitlock@trustfund.example", "Confidential inheritance of"
    " Mr Berg",
     "Compliments of the season. My late client, who bears your last name, left 14.5 million dollars and no heir."
     " I propose"
     " to share it 60/40. Kindly keep this to yourself."),
    (9, "03:33", "SEO Partner", "growth@first-page.example", "Quick question about nordlicht.example",
     "Hi there,\n\nI found 17 errors on your site and can bring you to page one in 30 days. When can we hop on a"
     " call?"),
    (12, "05:21", "Crypto Desk", "desk@coin-moon.example", "Last call before the moon",
     "Our robot made 812 % last month. Places are limited to those who do not ask questions."),
)  # fmt: skip


def _junk(scene: Scene) -> Iterator[SampleMessage]:
    for days, clock, name, address, subject, prose in _JUNK:
        domain = address.rsplit("@", 1)[-1]
        letter = Letter(
            key=f"junk {subject}",
            sender=Address(name, address),
            to=(scene.owner,),
            date=scene.at(days, clock),
            subject=subject,
            text="",
            html=f'<center><font color="red" size="6">{name}</font></center>{wording.html(prose)}'
            f'<img src="https://{domain}/p.gif" width="1" height="1">',
            headers=(
                ("X-Spam-Flag", "YES"),
                ("Authentication-Results", f"mx.nordlicht.example; spf=fail smtp.mailfrom={domain}; dmarc=fail"),
            ),
        )
        yield SampleMessage("Junk", ("$Junk",) if days < 5 else ("\\Seen", "$Junk"), letter.date, write(letter))


def _bin(scene: Scene) -> Iterator[SampleMessage]:
    bus = Address("Förde-Bus", "news@foerdebus.example")
    for days, clock, subject, prose in (
        (
            7,
            "11:11",
            "Line 11 is diverted",
            "From Monday, line 11 does not stop at the canal bridge. The nearest stop is Wik.",
        ),
        (38, "11:11", "Line 11 runs as usual again", "As of today, line 11 stops at the canal bridge again."),
    ):
        letter = Letter(f"bus {days}", bus, (scene.owner,), scene.at(days, clock), subject, wording.plain(prose))
        yield SampleMessage("Trash", ("\\Seen",), letter.date, write(letter))


def _friend(scene: Scene) -> Iterator[SampleMessage]:
    """The friend's mailbox has a life of its own too."""
    mailbox: Mailbox = "friend"
    for number, (days, clock, sender, subject, prose) in enumerate(
        (
            (0, "08:30", PEOPLE["anneke"], "Trailer plug", "The adapter works. I owe you a herring roll."),
            (2, "19:00", Address("Choir", "probe@kantorei.example"), "Rehearsal moved to eight",
             "Dear singers,\n\nthe hall is only free from eight. Please bring the Brahms and warm feet."),
            (9, "12:10", PEOPLE["tomas"], "Soup recipe", "You asked for it:\n\n- leeks\n- potatoes\n- more"
            " leeks\n- patience"),
            (17, "09:25", Address("Hotel Strandvejen", "reception@strandvejen.example"), "Your booking is confirmed",
             "Two single rooms, three nights. We look forward to seeing you."),
        )
    ):  # fmt: skip
        letter = Letter(
            f"friend {number}", sender, (scene.friend,), scene.at(days, clock), subject, wording.plain(prose),
            f"<div>{wording.html(prose)}</div>",
        )  # fmt: skip
        yield SampleMessage("INBOX", () if days < 3 else ("\\Seen",), letter.date, write(letter), mailbox)
    picture = File("cello.png", "image/png", pictures.lake("cello"), "cello@kantorei.example")
    letter = Letter(
        "friend picture",
        PEOPLE["lena"],
        (scene.friend,),
        scene.at(4, "21:30"),
        "The view from the new flat",
        "Look what you carried the sofa up for.\n",
        '<p>Look what you carried the sofa up for.</p><p><img src="cid:cello@kantorei.example" width="480"'
        ' alt="The view"></p>',
        files=(picture,),
    )
    yield SampleMessage("INBOX", ("\\Seen",), letter.date, write(letter), mailbox)
