"""One table of keys: no key means two things, all can be done, and everything that names a key reads it here."""

import re
from dataclasses import replace

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts import preferences
from accounts.models import User
from accounts.preferences import Preferences
from tests.factories import make_account, make_folder, make_message
from webmail.present.shortcuts import COMMANDS, PRESETS, Preset, keys_of, presses, sheet

ALL = [command for _title, commands in COMMANDS for command in commands]
#: In each preset there is a key for at least one of these.
EITHER = {"read_or_unread", "read", "unread"}
presets = pytest.mark.parametrize("preset", list(PRESETS))


def test_the_presets_are_those_that_can_be_chosen() -> None:
    assert preferences.CHOICES["keys"] == tuple(PRESETS)


@presets
def test_no_key_means_two_things(preset: Preset) -> None:
    keys = [key for command in ALL for key in command.keys(preset)]
    assert len(keys) == len(set(keys))
    beginnings = {presses(key)[0] for key in keys if len(presses(key)) > 1}
    assert not beginnings & set(keys), "a key that begins a sequence does nothing by itself"
    belonging = {key for command in ALL for key in command.always}
    assert not belonging & set(keys), "what belongs to lists and fields is not taken away from them"


@presets
def test_all_that_can_be_done_can_be_done_by_key(preset: Preset) -> None:
    without = {command.name for command in ALL if not (command.keys(preset) or command.always)}
    assert without < EITHER


@presets
def test_keys_are_named_as_the_script_names_them(preset: Preset) -> None:
    name = re.compile(r"(Ctrl\+)?(Shift\+)?([^A-Z ]|[A-Z][a-z]+)")
    for command in ALL:
        for key in command.keys(preset):
            assert all(name.fullmatch(press) for press in presses(key)), key
            # Shift makes another sign of a sign, so none is asked for with it.
            assert not re.search(r"Shift\+[^a-zA-Z]", key), key


def test_the_script_can_do_all_of_it() -> None:
    found = finders.find("js/mail/keys.js")
    assert isinstance(found, str)
    with open(found, encoding="utf-8") as file:
        script = file.read()
    commands = script[script.index("const COMMANDS = {") : script.index("\n};")]
    done = set(re.findall(r"^  (\w+): ", commands, re.MULTILINE))
    places = re.search(r"\[([^\]]*)\]\.map", commands)
    assert places is not None
    done |= {f"go_{place}" for place in re.findall(r'"(\w+)"', places[1])}
    assert done == {command.name for command in ALL if command.heron or command.outlook or command.gmail}


def test_what_a_person_chose_is_what_is_bound_and_shown() -> None:
    keys = keys_of(Preferences(keys="gmail"))
    assert (keys.bound["u"], keys.bound["Shift+u"], keys.bound["* a"]) == ("back", "unread", "select_all")
    assert (keys.shown["unread"], keys.shown["select_all"], keys.shown["go_sent"]) == ("Shift+U", "* A", "G T")
    assert "read_or_unread" not in keys.shown
    lines = {line.words: line.keys for _title, lines in sheet(keys) for line in lines}
    assert (lines["Mark as unread"], lines["Sent"], lines["Delete"]) == (("Shift", "U"), ("G", "T"), ("#",))
    assert "Read or unread" not in lines
    assert (keys.bound["g b"], keys.bound["g s"], keys.bound["b"]) == ("go_snoozed", "go_flagged", "snooze")
    keys = keys_of(Preferences(keys="outlook"))
    assert (keys.bound["Ctrl+Shift+r"], keys.bound["Ctrl+Shift+f"]) == ("reply_all", "forward")
    assert (keys.bound["j"], keys.shown["trash"], keys.shown["select"]) == ("junk", "Del", "Space")


@presets
def test_switched_off_only_those_of_lists_and_fields_are_left(preset: Preset) -> None:
    keys = keys_of(replace(Preferences(keys=preset), shortcuts=False))
    assert keys.bound == {}
    assert set(keys.shown) == {command.name for command in ALL if command.always}
    told = {cap for _title, lines in sheet(keys) for line in lines for cap in line.keys}
    assert "E" not in told
    assert "Esc" in told


@pytest.mark.django_db
def test_page_sheet_marks_and_tooltips_name_the_chosen_keys(browser: Client, anna: User) -> None:
    inbox = make_folder(make_account(anna))
    thread = make_message(inbox).thread_id
    page = browser.get(f"/f/{inbox.pk}/t/{thread}/").content.decode()
    assert 'title="Archive (E)"' in page
    assert 'title="Mark as unread (U)"' in page
    assert "These are the keys of Heron." in page
    preferences.save(anna, keys="outlook")
    page = browser.get(f"/f/{inbox.pk}/t/{thread}/").content.decode()
    assert "These are the keys of Outlook." in page
    assert 'title="Junk (J)"' in page
    assert 'title="New message (N)"' in page
    assert '"j": "junk"' in page
    preferences.save(anna, shortcuts=False)
    page = browser.get(f"/f/{inbox.pk}/t/{thread}/").content.decode()
    assert "Single keys are switched off" in page
    assert 'title="Junk"' in page
    assert '{"bound": {}' in page
    assert not re.search(r'<span class="kbd"[^>]*>[A-Z]<', page)


@pytest.mark.django_db
def test_whose_keys_is_chosen_in_the_settings(browser: Client, anna: User) -> None:
    page = browser.get("/settings/reading/").content.decode()
    assert re.search(r'name="keys" value="heron"\s+checked', page)
    assert 'value="gmail"' in page
    chosen = dict(re.findall(r'type="radio" name="(\w+)" value="(\w*)" checked', page))
    browser.post("/settings/reading/", {**chosen, "keys": "gmail", "shortcuts": "on"})
    anna.refresh_from_db()
    assert preferences.load(anna).keys == "gmail"
