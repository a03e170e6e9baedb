"""Small pictures drawn with Pillow: landscapes, badges, bars, a plan. The same bytes each time. Pure."""

import io
import math
import random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


def lake(seed: str, size: tuple[int, int] = (960, 640)) -> bytes:
    """Sky, hills, water and a sun, in the colours that ``seed`` picks."""
    dice = random.Random(seed)  # noqa: S311 - a picture, not a secret
    width, height = size
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    top, low = dice.choice([((92, 140, 196), (250, 214, 176)), ((60, 92, 140), (236, 176, 150)), _DAWN])
    horizon = int(height * dice.uniform(0.48, 0.6))
    for y in range(horizon):
        draw.line([(0, y), (width, y)], fill=_mix(top, low, y / horizon))
    sun_x, radius = int(width * dice.uniform(0.2, 0.8)), int(height * 0.07)
    sun_y = int(horizon * dice.uniform(0.45, 0.8))
    draw.ellipse([sun_x - radius, sun_y - radius, sun_x + radius, sun_y + radius], fill=(255, 240, 205))
    for layer in range(3):
        shade = _mix((70, 104, 112), low, 0.5 - layer * 0.22)
        phase, lift = dice.uniform(0, 6), height * (0.12 - layer * 0.035)
        ridge = [(x, horizon - lift * (1 + math.sin(x / width * (5 + layer * 3) + phase))) for x in range(0, width, 6)]
        draw.polygon([(0, horizon), *ridge, (width, horizon)], fill=shade)
    for y in range(horizon, height):
        share = (y - horizon) / (height - horizon)
        draw.line([(0, y), (width, y)], fill=_mix(low, (30, 62, 88), 0.3 + 0.7 * share))
    for _ in range(70):
        y = dice.randint(horizon + 4, height - 1)
        half = int((y - horizon) * 0.25) + 6
        x = sun_x + dice.randint(-half, half)
        draw.line([(x - half // 3, y), (x + half // 3, y)], fill=(255, 236, 205), width=1 + (y - horizon) // 90)
    return _png(image)


def dog(size: tuple[int, int] = (720, 540)) -> bytes:
    """A dog in a hat, as well as ellipses can."""
    image = Image.new("RGB", size, (188, 214, 226))
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, 380, 720, 540], fill=(132, 160, 104))
    draw.ellipse([220, 230, 520, 520], fill=(150, 104, 66))
    draw.ellipse([250, 130, 490, 360], fill=(170, 120, 78))
    draw.ellipse([205, 160, 285, 340], fill=(116, 78, 48))
    draw.ellipse([455, 160, 535, 340], fill=(116, 78, 48))
    draw.ellipse([300, 250, 440, 350], fill=(232, 208, 178))
    draw.ellipse([342, 258, 398, 296], fill=(40, 32, 30))
    for x in (312, 404):
        draw.ellipse([x, 196, x + 26, 226], fill=(30, 24, 22))
        draw.ellipse([x + 14, 200, x + 21, 208], fill=(255, 255, 255))
    draw.ellipse([210, 110, 530, 160], fill=(214, 186, 92))
    draw.pieslice([270, 30, 470, 230], 180, 360, fill=(226, 200, 110))
    draw.rectangle([272, 108, 468, 128], fill=(160, 52, 48))
    return _png(image)


def plan(size: tuple[int, int] = (800, 560)) -> bytes:
    """The floor plan of a hall: walls, a stage, tables."""
    image = Image.new("RGB", size, (250, 251, 253))
    draw = ImageDraw.Draw(image)
    draw.rectangle([40, 40, 760, 520], outline=(40, 58, 84), width=8)
    draw.rectangle([64, 160, 180, 400], fill=(217, 230, 246), outline=(40, 58, 84), width=3)
    for row in range(3):
        for column in range(5):
            x, y = 270 + column * 96, 120 + row * 130
            draw.ellipse([x, y, x + 64, y + 64], outline=(90, 120, 160), width=4)
    draw.rectangle([560, 510, 680, 530], fill=(250, 251, 253))
    draw.arc([560, 400, 800, 640], 180, 270, fill=(180, 120, 60), width=3)
    return _png(image)


def report(size: tuple[int, int] = (620, 820)) -> bytes:
    """A yellowed page with lines of ink and a stamp."""
    dice = random.Random("report")  # noqa: S311
    image = Image.new("RGB", size, (240, 228, 200))
    draw = ImageDraw.Draw(image)
    draw.rectangle([28, 28, 592, 792], outline=(150, 130, 100), width=2)
    for row in range(18):
        x, y = 70, 130 + row * 34
        while x < 500 - (row % 4) * 60:
            word = dice.randint(24, 86)
            draw.line([(x, y), (x + word, y + dice.randint(-2, 2))], fill=(58, 66, 110), width=3)
            x += word + 14
    draw.ellipse([420, 660, 550, 780], outline=(150, 40, 50), width=5)
    draw.ellipse([440, 680, 530, 760], outline=(150, 40, 50), width=2)
    return _png(image)


def loaf(size: tuple[int, int] = (720, 480)) -> bytes:
    image = Image.new("RGB", size, (92, 72, 58))
    draw = ImageDraw.Draw(image)
    draw.ellipse([110, 120, 610, 400], fill=(176, 112, 56))
    draw.ellipse([140, 130, 580, 360], fill=(206, 146, 84))
    for step in range(4):
        x = 210 + step * 90
        draw.arc([x - 60, 130, x + 90, 360], 200, 320, fill=(244, 214, 164), width=10)
    return _png(image)


def banner(colour: Colour, accent: Colour, size: tuple[int, int] = (600, 160)) -> bytes:
    """The head of a newsletter: two colours and a wave."""
    width, height = size
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    for layer in range(3):
        wave = [
            (x, height * (0.55 + layer * 0.15) + 14 * math.sin(x / 46 + layer * 1.7)) for x in range(0, width + 8, 8)
        ]
        draw.polygon([*wave, (width, height), (0, height)], fill=_mix(colour, accent, 0.34 * (layer + 1)))
    return _png(image)


def bars(values: list[int], colour: Colour, size: tuple[int, int] = (520, 200)) -> bytes:
    """A bar chart without words."""
    width, height = size
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    step = width / len(values)
    for index, value in enumerate(values):
        top = height - 12 - (height - 30) * value / max(values)
        draw.rectangle([index * step + 8, top, (index + 1) * step - 8, height - 12], fill=colour)
    draw.line([(0, height - 11), (width, height - 11)], fill=(120, 130, 146), width=2)
    return _png(image)


def badge(colour: Colour, size: int = 96) -> bytes:
    """A round logo with a transparent ground."""
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse([2, 2, size - 3, size - 3], fill=(*colour, 255))
    draw.polygon([(size * 0.28, size * 0.62), (size * 0.5, size * 0.3), (size * 0.72, size * 0.62)], fill="white")
    return _png(image)


_DAWN: tuple[Colour, Colour] = ((120, 116, 160), (248, 196, 170))


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    a, b, c = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
    return a, b, c


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.quantize(96).save(out, "PNG", optimize=True) if image.mode == "RGB" else image.save(out, "PNG")
    return out.getvalue()
