"""A logo for signatures: a picture as people have them, wider than it should be shown."""

from io import BytesIO

from PIL import Image, ImageDraw

from accounts.models import Identity
from mailsync import actions


def make_logo(width: int = 640, height: int = 160) -> bytes:
    """A sail and a wave, as PNG."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw, unit = ImageDraw.Draw(picture), height / 8
    draw.rounded_rectangle((0, 0, width - 1, height - 1), unit, fill="#0f5c7a")
    draw.polygon([(3 * unit, unit), (3 * unit, 5 * unit), (6 * unit, 5 * unit)], fill="#ffffff")
    draw.line([(unit, 6.4 * unit), (width - unit, 6.4 * unit)], fill="#8fd3e8", width=max(int(unit / 2), 1))
    data = BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def sign(identity: Identity) -> Identity:
    """The identity with a formatted signature and a logo in it."""
    picture = actions.attach_to_signature(identity.user_id, identity.pk, "logo.png", "image/png", make_logo())
    return actions.write_signature(
        identity.user_id,
        identity.pk,
        '<p><strong>Anna Berg</strong> · <span style="color: #b45309">Boathouse</span></p>'
        '<p>More at <a href="https://nordlicht.example/">nordlicht.example</a></p>'
        f'<p><img src="cid:{picture.content_id}" alt="" width="320"></p>',
    )
