"""What a code forge writes: releases, reviews, builds, issues; threads by References, with list headers. Pure."""

from collections.abc import Iterator

from mailsync.types import Address
from onebox.sample import wording
from onebox.sample.letters import Letter, SampleMessage, Scene, message_id, write

FORGE = "notifications@codequay.example"

#: (days ago, time, who, subject of the thread, kind, prose)
_EVENTS: tuple[tuple[float, str, str, str, str, str], ...] = (
    (
        0,
        "06:55",
        "jmoreau",
        "Release 2.8.0",
        "release",
        "jmoreau released **2.8.0**. What’s changed:\n\n- offline map tiles"
        "\n- faster search\n- fixes for the tide table export",
    ),
    (
        1,
        "17:40",
        "mtanaka",
        "Tide tables follow the harbour’s time zone (#1482)",
        "review",
        "mtanaka approved this change.\n\nChecked Laboe, Skagen and St. John’s. The half-hour zone works.",
    ),
    (
        1,
        "16:02",
        "dokafor",
        "Tide tables follow the harbour’s time zone (#1482)",
        "review",
        "dokafor commented on "
        "tides/table.py:\n\nDoes this also hold on the night the clocks change? A test for 02:30 would let me sleep.",
    ),
    (
        2,
        "10:21",
        "aberg",
        "Tide tables follow the harbour’s time zone (#1482)",
        "pull",
        "aberg wants to merge 4 commits into "
        "main.\n\nTables were drawn in the time zone of the phone. Now they use the harbour’s.",
    ),
    (
        2,
        "09:47",
        "buildquay",
        "[tideline/harbor] Build 9 120 failed on main",
        "build",
        "Build **9 120** failed after 4 min 12 s."
        "\n\nStep | Result\nlint | passed\nunit | passed\nbrowser | 1 of 212 failed: test_offline_banner\n\n"
        "Log: https://codequay.example/tideline/harbor/builds/9120",
    ),
    (
        2,
        "10:05",
        "buildquay",
        "[tideline/harbor] Build 9 121 passed on main",
        "build",
        "Build **9 121** passed after 4 min 2 s. Everyone may breathe again.",
    ),
    (
        6,
        "14:33",
        "mtanaka",
        "Offline regions: show the size first (#1466)",
        "pull",
        "mtanaka wants to merge 7 commits into main."
        "\n\nThe picker shows the size of each region beside the free space.",
    ),
    (
        6,
        "16:50",
        "aberg",
        "Offline regions: show the size first (#1466)",
        "review",
        "aberg left three comments.\n\nAll small. The progress bar is a joy.",
    ),
    (
        7,
        "09:12",
        "mtanaka",
        "Offline regions: show the size first (#1466)",
        "review",
        "mtanaka pushed 2 commits and resolved all three.",
    ),
    (
        9,
        "11:30",
        "sextant-erik",
        "Laboe is four minutes late (#1459)",
        "issue",
        "sextant-erik opened an issue.\n\nMeasured on nine"
        " days with a stopwatch at the mole. High water comes four minutes before your table, each time.",
    ),
    (
        9,
        "13:05",
        "jmoreau",
        "Laboe is four minutes late (#1459)",
        "issue",
        "jmoreau commented:\n\nThank you, this is the best bug"
        " report we ever got. The constants are from before the new quay.",
    ),
    (
        10,
        "08:40",
        "sextant-erik",
        "Laboe is four minutes late (#1459)",
        "issue",
        "sextant-erik commented:\n\nGladly. I am retired. Which harbour next?",
    ),
    (
        24,
        "15:15",
        "depbot",
        "Bump chartlib from 4.1.0 to 4.1.2 (#1440)",
        "pull",
        "depbot wants to merge 1 commit.\n\nRelease notes: fixes a memory leak when a chart is closed while it loads.",
    ),
    (
        31,
        "19:20",
        "jmoreau",
        "Release 2.7.3",
        "release",
        "jmoreau released **2.7.3**. One fix: the app no longer says “high water” in the Alps.",
    ),
    (
        54,
        "10:10",
        "dokafor",
        "Retire the 2019 map format (#1391)",
        "issue",
        "dokafor opened an issue.\n\nTwo downloads in ninety days. Proposal: warn in 2.8, remove in 3.0.",
    ),
    (
        54,
        "12:25",
        "aberg",
        "Retire the 2019 map format (#1391)",
        "issue",
        "aberg commented:\n\nI can do the warning this week.",
    ),
    (
        80,
        "08:15",
        "jmoreau",
        "Release 2.7.0",
        "release",
        "jmoreau released **2.7.0**. Regions, a dark chart, and the compass that knows where north is.",
    ),
    (
        111,
        "17:00",
        "buildquay",
        "[tideline/harbor] Build 8 417 failed on main",
        "build",
        "Build **8 417** failed after 31 s: the package mirror did not answer.",
    ),
    (
        145,
        "09:33",
        "mtanaka",
        "Sync: an edit is lost when two phones meet (#1302)",
        "issue",
        "mtanaka opened an issue.\n\n"
        "Both offline, both edit the same waypoint, both come back: the later one wins without a word.",
    ),
    (
        145,
        "14:48",
        "aberg",
        "Sync: an edit is lost when two phones meet (#1302)",
        "issue",
        "aberg commented:\n\nReproduced. We need to keep both and ask. I take it.",
    ),
    (
        147,
        "11:06",
        "jmoreau",
        "Sync: an edit is lost when two phones meet (#1302)",
        "issue",
        "jmoreau commented:\n\nIf it asks, please on the next start and not in the middle of a lock.",
    ),
    (
        199,
        "10:00",
        "codequay",
        "Your access token “laptop” runs out in 7 days",
        "notice",
        "Hello @aberg,\n\nthe token “laptop” runs out next week. Make a new one in your settings if you still need it.",
    ),
    (
        240,
        "16:44",
        "dokafor",
        "Waypoints: import from GPX (#1177)",
        "pull",
        "dokafor wants to merge 12 commits into main.",
    ),
    (
        241,
        "09:29",
        "aberg",
        "Waypoints: import from GPX (#1177)",
        "review",
        "aberg requested changes.\n\nA file with 40,000 points freezes the screen; please read it in pieces.",
    ),
    (
        244,
        "13:13",
        "dokafor",
        "Waypoints: import from GPX (#1177)",
        "review",
        "dokafor pushed 3 commits.\n\n120,000 points in 1.8 s.",
    ),
    (
        318,
        "18:30",
        "jmoreau",
        "Release 2.5.0",
        "release",
        "jmoreau released **2.5.0**. Happy holidays from the harbour.",
    ),
    (
        371,
        "12:00",
        "codequay",
        "A new key was added to your account",
        "notice",
        "Hello @aberg,\n\na key named “blue stick” was added. If that was not you, remove it and write to us.",
    ),
)


def tell(scene: Scene) -> Iterator[SampleMessage]:
    """One message an event; those of one thread share a root in References, as forges do it."""
    for number, (days, clock, who, thread, kind, prose) in enumerate(_EVENTS):
        subject = thread if thread.startswith("[") else f"[tideline/harbor] {thread}"
        sender = Address({"jmoreau": "Julie Moreau", "mtanaka": "Mei Tanaka"}.get(who, who), FORGE)
        link = f"https://codequay.example/tideline/harbor/e/{9000 - number}"
        letter = Letter(
            key=f"forge {number}",
            sender=sender,
            to=(Address("tideline/harbor", "harbor@noreply.codequay.example"),),
            cc=(scene.owner,),
            date=scene.at(days, clock),
            subject=subject,
            text=f"{wording.plain(prose)}\n-- \nView it on Codequay: {link}\nYou receive this as you watch this"
            f" project.\n",
            html=f'{wording.html(prose)}\n<p style="font-size:small;color:#666">—<br>'
            f'<a href="{link}">View it on Codequay</a>. You receive this as you watch this project.</p>'
            f'<img src="https://codequay.example/beacon/{number:04x}.gif" width="1" height="1" alt="">\n',
            parents=(message_id(f"forge thread {thread}", sender),) if kind in {"pull", "review", "issue"} else (),
            headers=(
                ("List-ID", "tideline/harbor <harbor.tideline.codequay.example>"),
                ("List-Unsubscribe", f"<https://codequay.example/unsubscribe/{number:08x}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Precedence", "list"),
                ("X-Forge-Reason", "subscribed"),
                ("Authentication-Results", "mx.nordlicht.example; dkim=pass header.d=codequay.example; dmarc=pass"),
            ),
        )
        unread = days <= 1 and number in {0, 1}
        flags = ("Code",) if unread else ("\\Seen", "Code")
        yield SampleMessage("INBOX" if days < 60 else "Archive", flags, letter.date, write(letter))
