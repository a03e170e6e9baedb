"""The made static files: every icon a template or a script names is in the sprite, every sheet in the one sheet."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template import Context, Template
from django.test import override_settings

from webmail.assets import SHEETS, STYLES
from webmail.icons import ICONS, SPRITE, build_sprite

TAG = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']|\bicon\(["']([a-z0-9-]+)["']""")
USED_BY_SCRIPT = re.compile(r'\bicon\("([a-z0-9-]+)"|\bone\("\w*", "([a-z0-9-]+)"')


def _named_in(folder: str, pattern: re.Pattern[str], suffix: str) -> set[tuple[str, str]]:
    found = set()
    for path in sorted(Path(settings.BASE_DIR, folder).rglob(f"*{suffix}")):
        found |= {(match[match.lastindex or 0], path.name) for match in pattern.finditer(path.read_text("utf-8"))}
    return found


def test_every_icon_of_a_template_is_in_the_sprite() -> None:
    named = _named_in("templates", TAG, ".*")
    assert len(named) > 30
    assert ("flag-off", "row_acts.jinja") in named
    assert [pair for pair in sorted(named) if pair[0] not in ICONS] == []


def test_every_icon_of_a_script_is_in_the_sprite() -> None:
    named = _named_in("static/js", USED_BY_SCRIPT, ".js")
    assert {("trash-2", "palette.js"), ("pause", "files.js")} <= named
    assert [pair for pair in sorted(named) if pair[0] not in ICONS] == []


def test_the_sprite_has_no_icon_that_nobody_shows() -> None:
    """Each first visit loads it whole."""
    own = Path(settings.BASE_DIR, "webmail", "icons.py")
    files = [path for room in ("templates", "static/js", "webmail", "accounts", "mailsync") for path in _sources(room)]
    text = "\n".join(path.read_text("utf-8") for path in files if path != own)
    assert [name for name in ICONS if not re.search(f"""["']{re.escape(name)}["']""", text)] == []


def _sources(room: str) -> list[Path]:
    found = Path(settings.BASE_DIR, room).rglob("*")
    return [path for path in found if path.suffix in (".py", ".js", ".html", ".jinja")]


def test_the_sprite_is_well_formed_and_takes_the_colour_of_the_text() -> None:
    root = ElementTree.fromstring(build_sprite(["archive", "flag"]))
    symbols = {symbol.get("id"): symbol for symbol in root}
    assert set(symbols) == {"i-mark", "i-archive", "i-flag"}
    assert symbols["i-archive"].get("stroke") == "currentColor"
    assert len(symbols["i-archive"]) > 0


def test_an_unknown_icon_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="no-such-bird"):
        build_sprite(["no-such-bird"])


def test_the_finder_gives_the_sprite_and_nothing_else() -> None:
    path = finders.find(SPRITE)
    assert path
    assert 'id="i-archive"' in Path(path).read_text(encoding="utf-8")
    assert finders.find("no-such.svg") is None


def test_collected_sprite_has_a_hashed_name(tmp_path: Path) -> None:
    # The production storage without its compression, which takes longer than all other tests here.
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}
    ours = ["django.contrib.staticfiles.finders.FileSystemFinder", "webmail.assets.MadeFilesFinder"]
    with override_settings(STATIC_ROOT=str(tmp_path), STORAGES=storages, STATICFILES_FINDERS=ours):
        call_command("collectstatic", verbosity=0, interactive=False)
        drawn = Template('{% icon "archive" label="Archive" %}').render(Context())
    name = re.search(r'/static/(icons\.[0-9a-f]{12}\.svg)#i-archive"', drawn)
    assert name, drawn
    assert (tmp_path / name[1]).exists()
    assert 'role="img" aria-label="Archive"' in drawn


def test_every_style_sheet_is_a_part_of_the_one() -> None:
    written = {path.stem for path in Path(settings.BASE_DIR, "static/css").glob("*.css")}
    assert written == {*SHEETS, "admin"}  # Django's admin has pages of its own
    found = finders.find(STYLES)
    assert found
    text = Path(found).read_text(encoding="utf-8")
    assert text.index("@layer reset,tokens,base") < text.index("@layer screens{")


@pytest.mark.parametrize("name", SHEETS)
def test_style_sheets_are_whole(name: str) -> None:
    text = Path(settings.BASE_DIR, f"static/css/{name}.css").read_text(encoding="utf-8")
    assert text.count("{") == text.count("}")
    assert len(text.splitlines()) <= 400


def test_a_class_is_styled_in_one_part_only() -> None:
    """All parts are on every page: a bare ``.card`` in two of them would dress one page in the other's clothes."""
    shared = {"selbar": {"mail", "mailbox"}, "msg": {"mail", "reading"}}
    owners: dict[str, set[str]] = {}
    for name in SHEETS:
        text = Path(settings.BASE_DIR, f"static/css/{name}.css").read_text(encoding="utf-8")
        uncommented = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        plain = re.split(r"@layer (?:responsive|print) {", uncommented)[0]
        for selectors in re.findall(r"(?:^|[}{;])\s*([^{};@]+)\{", plain):
            for selector in selectors.split(","):
                if bare := re.fullmatch(r"\.([a-z][a-z0-9-]*)", selector.strip()):
                    owners.setdefault(bare[1], set()).add(name)
    twice = {name: parts for name, parts in owners.items() if len(parts) > 1}
    assert twice.keys() <= shared.keys(), twice
