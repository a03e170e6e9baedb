"""Small files of each kind, made here letter by letter."""

import io
import zipfile

INNERMOST = (
    b"From: Carol <carol@example.test>\r\nSubject: Moorings\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nBuoy f\xc3\xbcnf\r\n"
)
#: A message with another one attached.
MESSAGE = (
    b"From: Bob <bob@example.test>\r\nTo: Ada <ada@example.test>\r\nSubject: Fwd: Moorings\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + INNERMOST + b"\r\n--x--\r\n"
)


def zipped(**parts: str) -> bytes:
    """A zip of XML parts; ``__`` in a name stands for a slash."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return target.getvalue()


def pdf(text: str) -> bytes:
    """One page with one line (ISO 32000-1 §7.5)."""
    content = f"BT /F 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = b"%PDF-1.4\n"
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Root 1 0 R/Size 6>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(out),
    )


DOCX = zipped(
    word__document="<w:document xmlns:w='w'><w:p><w:t>Lease of the </w:t><w:t>boathouse</w:t></w:p>"
    "<w:p><w:t>One</w:t><w:tab/><w:t>two</w:t></w:p></w:document>",
    word__styles="<w:styles xmlns:w='w'><w:t>not text</w:t></w:styles>",
)
XLSX = zipped(
    xl__sharedStrings="<sst xmlns='s'><si><t>Oars and ropes</t></si></sst>",
    xl__worksheets__sheet1="<worksheet xmlns='s'><row><c t='s'><v>77777</v></c><c><v>1234.5</v></c></row></worksheet>",
)
PPTX = zipped(
    ppt__slides__slide1="<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>Harbour plan</a:t></a:r></a:p></p:sld>"
)
ODT = zipped(
    content="<o:doc xmlns:o='o' xmlns:t='t'><t:h>Minutes</t:h><t:p>The <t:span>regatta</t:span> is off</t:p></o:doc>"
)
INVITE = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:77@x\r\nSUMMARY:Launch of\r\n  the ferry\r\n"
    b"ATTENDEE;CN=Ada Lovelace:mailto:ada@example.test\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
