"""Attachments made by hand: PDF, DOCX, XLSX, CSV, ICS, vCard, ZIP, pictures. The same bytes each time. Pure."""

import io
import zipfile
from collections.abc import Callable
from html import escape

from onebox.sample import pictures
from onebox.sample.letters import File

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pdf(title: str, lines: list[str]) -> bytes:
    """One A4 page in Helvetica with a heading and lines of text; characters outside WinAnsi become ``?``."""
    shown = [f"BT /F2 18 Tf 64 760 Td ({_pdf_text(title)}) Tj ET"]
    shown += [f"BT /F1 11 Tf 64 {724 - 18 * row} Td ({_pdf_text(line)}) Tj ET" for row, line in enumerate(lines)]
    stream = "\n".join(shown).encode("cp1252", "replace")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def docx(paragraphs: list[str]) -> bytes:
    """The three parts that a word processor wants (ECMA-376 part 2)."""
    body = "".join(f"<w:p><w:r><w:t xml:space='preserve'>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    return archive(
        {
            "[Content_Types].xml": _content_types("/word/document.xml", f"{DOCX}.main+xml"),
            "_rels/.rels": _relations([("officeDocument", "word/document.xml")]),
            "word/document.xml": '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxml'
            f'formats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>',
        }
    )


def xlsx(rows: list[list[str | int]]) -> bytes:
    """One sheet with inline strings and numbers."""
    cells = "".join("<row>" + "".join(_cell(value) for value in row) + "</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return archive(
        {
            "[Content_Types].xml": _content_types(
                "/xl/workbook.xml", f"{XLSX}.main+xml", {"/xl/worksheets/sheet1.xml": f"{XLSX[:-5]}worksheet+xml"}
            ),
            "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
            "xl/_rels/workbook.xml.rels": _relations([("worksheet", "worksheets/sheet1.xml")]),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
            '<sheet name="Sheet 1" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )


def archive(members: dict[str, str | bytes]) -> bytes:
    """A ZIP whose entries all carry the same date, so that the bytes stay the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in members.items():
            box.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 12, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def calendar(summary: str, start: str, end: str, place: str, uid: str, extra: str = "") -> bytes:
    """An iCalendar object (RFC 5545) with one event; times as ``20261014T100000Z``."""
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Strandvejen//Desk//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:{start}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{summary}\r\n"
        f"LOCATION:{place}\r\n{extra}END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def make_file(name: str) -> File:
    """The file that a conversation names."""
    content_type, build = _FILES[name]
    return File(name, content_type, build())


_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "Budget-2026-v4.xlsx": (
        XLSX,
        lambda: xlsx(
            [["Item", "EUR"], ["Hall", 640], ["Choir", 250], ["Food", 900], ["Posters", 180], ["Tickets", 2700]]
        ),
    ),
    "Floor-plan.png": ("image/png", pictures.plan),
    "Members-letter.docx": (
        DOCX,
        lambda: docx(
            [
                "Dear members,",
                "the season is over, the boats are dry, and the dock has survived. Thank you all for 1,912 outings.",
                "In a few weeks we celebrate in the Fish Hall. The choir sings, Tomás cooks, nobody has to row.",
                "The contribution for the coming year stays at 120 € (juniors 60 €). Our bank details are below.",
                "Rowing club Nordlicht e.V.",
            ]
        ),
    ),
    "Minutes.pdf": (
        PDF,
        lambda: pdf(
            "Minutes of the committee meeting",
            [
                "Present: Anna Berg (chair), Ingrid Solberg, Noor El-Amin, Priya Raman, Tomás Olivares",
                "",
                "1. Fundraiser: quotes until Tuesday, decision by mail.",
                "2. Winter storage: Anneke assigns the racks by the logbook.",
                "3. Kitchen: no decision (see appendix, four pages).",
                "4. Contribution stays at 120 EUR. Passed with one abstention.",
            ],
        ),
    ),
    "Quote-oars.pdf": (
        PDF,
        lambda: pdf(
            "Thomsen Boats – quote 26-118",
            ["2 pairs of sculls, carbon, medium shaft   à 1,080 EUR", "Total 2,160 EUR incl. VAT", "Valid six weeks."],
        ),
    ),
    "Estimate-dock.pdf": (
        PDF,
        lambda: pdf("Dock repair", ["Six planks, one post", "Oak: 1,870 EUR", "Larch: 1,240 EUR", "Work: two days"]),
    ),
    "Cottage-Skagen.pdf": (
        PDF,
        lambda: pdf(
            "Booking 4471 – Skagen", ["11 July to 25 July", "Six beds, stove, no television", "Deposit received"]
        ),
    ),
    "Licence-offer.pdf": (
        PDF,
        lambda: pdf("Tide data: offer", ["Price: +4 %", "Caching: 30 days", "Updates: weekly", "Term: 24 months"]),
    ),
    "Aydin-family.vcf": (
        "text/vcard",
        (
            "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Elif Aydın\r\nN:Aydın;Elif;;;\r\nEMAIL:elif@aydin-familie.example\r\n"
            "TEL;TYPE=cell:+49 431 5550142\r\nADR:;;Kanalstraße 8;Kiel;;24106;Deutschland\r\n"
            "NOTE:Four people\\, two juniors.\r\nEND:VCARD\r\n"
        ).encode,
    ),
    "Booking-Strandvejen.ics": (
        "text/calendar",
        lambda: calendar(
            "Hotel Strandvejen, 2 rooms",
            "20261024T120000Z",
            "20261027T090000Z",
            "Strandvejen 40",
            "b1@strandvejen.example",
        ),
    ),
    "tile-sizes.csv": (
        "text/csv",
        lambda: (
            b"zoom,region,tiles,megabytes\r\n13,Baltic,38211,480\r\n14,Baltic,151904,1917\r\n15,harbours,9120,164\r\n"
        ),
    ),
    "Expenses.csv": (
        "text/csv",
        (
            "date;what;eur\r\n2026-09-08;Train Hamburg;49.80\r\n2026-09-08;Hotel;118.00\r\n2026-09-09;Cable;46.80\r\n"
        ).encode,
    ),
    "Receipts.zip": (
        "application/zip",
        lambda: archive(
            {
                "train.pdf": pdf("Nordbahn", ["Kiel – Hamburg – Kiel", "49.80 EUR"]),
                "hotel.pdf": pdf("Hotel am Fleet", ["1 night", "118.00 EUR"]),
                "cable.pdf": pdf("Bahnhofs-Elektro", ["USB-C cable, 2 m", "46.80 EUR"]),
            }
        ),
    ),
    "Talk-feedback.txt": (
        "text/plain",
        (
            "- Start with the lost shopping list.\n- Cut the slide with the nine arrows.\n- Slower at “conflict”.\n"
            "- Water within reach.\n- You are allowed to smile.\n"
        ).encode,
    ),
    "Fog-on-the-canal.png": ("image/png", lambda: pictures.lake("fog")),
    "Red-double.png": ("image/png", lambda: pictures.lake("double")),
    "Lake-1.png": ("image/png", lambda: pictures.lake("lake one")),
    "Lake-2.png": ("image/png", lambda: pictures.lake("lake two")),
    "The-dog.png": ("image/png", pictures.dog),
    "First-loaf.png": ("image/png", pictures.loaf),
    "School-report-1996.png": ("image/png", pictures.report),
}


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def _relations(targets: list[tuple[str, str]]) -> str:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    items = "".join(
        f'<Relationship Id="rId{n}" Type="{base}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'
    )


def _content_types(path: str, content_type: str, more: dict[str, str] | None = None) -> str:
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>'
        for name, kind in {path: content_type, **(more or {})}.items()
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
