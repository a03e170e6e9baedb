"""The people and senders of the sample mail: all invented, all under ``.example`` (RFC 2606 §3). Pure.

``me`` and ``friend`` are not here: they are the two owners of the demo's mailboxes, given by the caller.
"""

from mailsync.types import Address

PEOPLE: dict[str, Address] = {
    "priya": Address("Priya Raman", "priya@nordlicht.example"),
    "noor": Address("Noor El-Amin", "noor.elamin@havnepost.example"),
    "tomas": Address("Tomás Olivares", "tomas@olivares.example"),
    "anneke": Address("Anneke de Vries", "anneke@grachtmail.example"),
    "ingrid": Address("Ingrid Solberg", "ingrid.solberg@fjordpost.example"),
    "bjarne": Address("Bjarne Thomsen", "bjarne@thomsen-boats.example"),
    "committee": Address("Nordlicht committee", "committee@nordlicht.example"),
    "mum": Address("Mum", "karin.berg@posteo.example"),
    "dad": Address("Uwe Berg", "uwe.berg@posteo.example"),
    "lena": Address("Lena Berg", "lena@bergundtal.example"),
    "oma": Address("Oma Hilde", "hilde.berg@posteo.example"),
    "sofia": Address("Sofia Marques", "sofia.marques@tideline.example"),
    "henrik": Address("Henrik Dahl", "henrik.dahl@tideline.example"),
    "mei": Address("Mei Tanaka", "mei.tanaka@tideline.example"),
    "david": Address("David Okafor", "david.okafor@tideline.example"),
    "julie": Address("Julie Moreau", "julie.moreau@tideline.example"),
    "ruth": Address("Ruth Adler (Tideline HR)", "people@tideline.example"),
    "camille": Address("Camille Laurent", "camille@atelier-laurent.example"),
    "mats": Address("Mats Ekström", "mats.ekstrom@skargard.example"),
    "yusuf": Address("Yusuf Demir", "yusuf.demir@kornhaus.example"),
    "paula": Address("Paula Nowak", "paula.nowak@zeitreise.example"),
    "landlord": Address("Hausverwaltung Möller", "service@hv-moeller.example"),
    "dentist": Address("Zahnarztpraxis am Kanal", "praxis@zahn-am-kanal.example"),
    "vet": Address("Tierarztpraxis Dr. Holm", "empfang@tierarzt-holm.example"),
    "bakery": Address("Bäckerei Sörensen", "bestellung@soerensen-brot.example"),
    "school": Address("Volkshochschule Kiel", "kurse@vhs-kielkanal.example"),
    "hotel": Address("Hotel Strandvejen", "reception@strandvejen.example"),
}

#: Which client a person writes with: it decides how they quote and whether they send HTML at all.
CLIENTS: dict[str, str] = {
    "priya": "webmail",
    "noor": "apple",
    "tomas": "webmail",
    "anneke": "plain",
    "ingrid": "outlook",
    "bjarne": "plain",
    "mum": "apple",
    "dad": "plain",
    "lena": "apple",
    "oma": "plain",
    "sofia": "webmail",
    "henrik": "outlook",
    "mei": "plain",
    "david": "webmail",
    "julie": "plain",
    "ruth": "outlook",
    "camille": "apple",
    "mats": "plain",
    "yusuf": "webmail",
    "paula": "apple",
    "me": "webmail",
    "friend": "webmail",
}
