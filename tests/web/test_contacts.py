"""The address book: found, written, merged, removed, carried in and out; and closed to everybody else."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Contact, Draft
from mailsync.store.contacts import card_of, keep_card
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db

HOME = "/settings/contacts/"


def keep(user: User, name: str, *addresses: str, **more: object) -> Contact:
    return keep_card(user.pk, VCard(name=name, addresses=tuple(map(Labelled, addresses)), **more))[0]


def names(user: User) -> list[str]:
    return sorted(Contact.objects.filter(user=user).values_list("name", flat=True))


def test_people_are_listed_and_found(browser: Client, anna: User) -> None:
    keep(anna, "Priya Raman", "priya@nordlicht.example")
    keep(anna, "Bo Ek", "bo@x.example")
    keep(make_user("other"), "Stranger", "s@x.example")
    page = browser.get(HOME).content.decode()
    assert "Priya Raman" in page
    assert "Stranger" not in page
    found = browser.get(HOME, {"q": "nord"}).content.decode()
    assert "Priya Raman" in found
    assert "Bo Ek" not in found


def test_the_list_costs_the_same_for_any_number(browser: Client, anna: User, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for number in range(30):
        keep(anna, f"Person {number}", f"p{number}@x.example")
    with django_assert_max_num_queries(12):
        browser.get(HOME)


def test_somebody_new_is_written_and_changed(browser: Client, anna: User) -> None:
    form = {"name": "Cy", "addresses": "cy@x.example, work\ncy@home.example", "phones": "+49 1, mobile", "note": "n"}
    assert browser.post(f"{HOME}add/", form).status_code == 302
    contact = Contact.objects.get(user=anna)
    card = card_of(contact)
    assert card.addresses == (Labelled("cy@x.example", "work"), Labelled("cy@home.example"))
    assert card.phones == (Labelled("+49 1", "mobile"),)
    url = f"{HOME}{contact.pk}/"
    assert "cy@x.example, work" in browser.get(url).content.decode()
    browser.post(url, {**form, "name": "Cyrus", "addresses": "cy@home.example"})
    contact.refresh_from_db()
    assert (contact.name, [one.value for one in card_of(contact).addresses]) == ("Cyrus", ["cy@home.example"])


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x", "addresses": "no address"}])
def test_what_is_wrong_comes_back_with_a_reason(browser: Client, anna: User, form: dict[str, str]) -> None:
    answer = browser.post(f"{HOME}add/", form)
    assert answer.status_code == 422
    assert 'class="err' in answer.content.decode() or "errormessage" in answer.content.decode()
    assert names(anna) == []


def test_what_the_form_does_not_show_stays(browser: Client, anna: User) -> None:
    contact = keep(anna, "Ann", "a@x.example", postal=(Labelled("Street 1"),), urls=("https://a.example",))
    browser.post(f"{HOME}{contact.pk}/", {"name": "Ann B", "addresses": "a@x.example"})
    contact.refresh_from_db()
    assert (contact.postal, contact.urls) == ([["Street 1", ""]], ["https://a.example"])


def test_several_become_one(browser: Client, anna: User) -> None:
    first = keep(anna, "Ann", "a@x.example")
    second = keep(anna, "Ann Berg", "ann@y.example", organisation="Nordlicht")
    answer = browser.post(f"{HOME}chosen/", {"do": "merge", "contact": [first.pk, second.pk]})
    assert answer.headers["Location"] == f"{HOME}{first.pk}/"
    card = card_of(Contact.objects.get(user=anna))
    assert (card.name, card.organisation) == ("Ann", "Nordlicht")
    assert [one.value for one in card.addresses] == ["a@x.example", "ann@y.example"]


def test_one_alone_is_not_merged_and_says_so(browser: Client, anna: User) -> None:
    contact = keep(anna, "Ann", "a@x.example")
    answer = browser.post(f"{HOME}chosen/", {"do": "merge", "contact": contact.pk}, follow=True)
    assert "two or more" in answer.content.decode()


def test_people_are_removed(browser: Client, anna: User) -> None:
    one, _two = keep(anna, "One", "1@x.example"), keep(anna, "Two", "2@x.example")
    browser.post(f"{HOME}chosen/", {"do": "remove", "contact": one.pk, "sure": "1"})
    assert names(anna) == ["Two"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Gr\xc3\xbcn\r\nEMAIL:g@x.example\r\nEND:VCARD\r\n"),
        ("people.csv", "Name,E-mail 1 - Value\nGrün,g@x.example\n".encode()),
        ("latin.csv", "Name;E-mail Address\nGrün;g@x.example\n".encode("latin-1")),
    ],
)
def test_a_file_brings_people_once(browser: Client, anna: User, name: str, content: bytes) -> None:
    for _ in range(2):
        browser.post(f"{HOME}import/", {"file": SimpleUploadedFile(name, content)})
    assert names(anna) == ["Grün"]


def test_a_file_without_people_says_so(browser: Client, anna: User) -> None:
    answer = browser.post(f"{HOME}import/", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 \x00\x01")}, follow=True)
    assert "nobody in this file" in answer.content.decode()
    assert names(anna) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.vcf", "BEGIN:VCARD\nFN:Bo & Co\nBEGIN:VCARD\nFN:Ann\nEND:VCARD", "Card 1 (Bo &amp; Co): It is cut off"),
        ("a.vcf", "BEGIN:VCARD\nFN:Ann\nEMAIL:bo at b\nEND:VCARD", "Card 1 (Ann): “bo at b” is not an email address"),
        ("a.csv", "Name,Notes\nAnn,\n,only a note", "Row 3: It names nobody"),
    ],
)
def test_what_a_file_did_not_bring_is_named(browser: Client, anna: User, name: str, content: str, said: str) -> None:
    answer = browser.post(f"{HOME}import/", {"file": SimpleUploadedFile(name, content.encode())})
    assert said in answer.content.decode()
    assert f"Not everything in {name}" in answer.content.decode()
    assert names(anna) == ["Ann"]


def test_of_many_that_are_left_out_the_rest_is_counted(browser: Client) -> None:
    content = "BEGIN:VCARD\nEND:VCARD\n" * 103
    page = browser.post(f"{HOME}import/", {"file": SimpleUploadedFile("a.vcf", content.encode())}).content.decode()
    assert "Card 100: " in page
    assert "Card 101: " not in page
    assert "and 3 more" in page
    assert "nobody in this file" in page


def test_everybody_goes_out_in_both_forms(browser: Client, anna: User) -> None:
    keep(anna, "Ann Berg", "a@x.example")
    card = browser.get(f"{HOME}export.vcf")
    assert b"FN:Ann Berg" in card.content
    assert "attachment" in card.headers["Content-Disposition"]
    assert "Ann Berg" in browser.get(f"{HOME}export.csv").content.decode()
    assert browser.get(f"{HOME}export.exe").status_code == 404


def test_a_stranger_gets_404(browser: Client) -> None:
    theirs = keep(make_user("other"), "Theirs", "t@x.example")
    assert browser.get(f"{HOME}{theirs.pk}/").status_code == 404
    assert browser.post(f"{HOME}{theirs.pk}/", {"name": "Mine"}).status_code == 404
    for verb in ("merge", "remove"):
        assert browser.post(f"{HOME}chosen/", {"do": verb, "contact": theirs.pk}).status_code == 404
    assert b"Theirs" not in browser.get(f"{HOME}export.vcf").content
    theirs.refresh_from_db()
    assert theirs.name == "Theirs"


@pytest.mark.parametrize("path", ["", "add/", "export.vcf"])
def test_the_door_is_closed_to_those_who_are_not_signed_in(client: Client, path: str) -> None:
    assert client.get(HOME + path).status_code == 302


def group(browser: Client, *people: Contact, name: str, do: str = "group", **more: str) -> str:
    said = {"do": do, "name": name, "contact": [one.pk for one in people], **more}
    return browser.post(f"{HOME}chosen/", said, follow=True).content.decode()


def test_people_are_put_into_a_group_and_taken_out(browser: Client, anna: User) -> None:
    bo, cy, dee = (keep(anna, name, f"{name.lower()}@x.example") for name in ("Bo", "Cy", "Dee"))
    page = group(browser, bo, cy, name=" Choir ")
    assert "They are in the group “Choir”." in page
    assert "Dee" not in page.partition("<main")[2]
    # However it is typed the next time, it is the same group; nobody is in it twice.
    group(browser, cy, dee, name="choir")
    assert [one.groups for one in Contact.objects.order_by("name")] == [["Choir"]] * 3
    assert "2 people taken out" in group(browser, bo, dee, name="", do="ungroup", group="Choir")
    assert [one.groups for one in Contact.objects.order_by("name")] == [[], ["Choir"], []]
    assert "Choose the people first." in group(browser, name="Choir")
    assert "Give the group a name." in group(browser, bo, name=" , ")


def test_a_group_is_renamed_joined_and_removed(browser: Client, anna: User) -> None:
    keep(anna, "Bo", "bo@x.example", groups=("Choir", "Board"))
    keep(anna, "Cy", "cy@x.example", groups=("Choir",))
    theirs = keep(make_user("other"), "Eve", "eve@x.example", groups=("Choir",))
    url = f"{HOME}group/"
    browser.post(url, {"do": "rename", "old": "Choir", "name": "CHOIR"})
    browser.post(url, {"do": "rename", "old": "CHOIR", "name": "board"})
    assert [one.groups for one in Contact.objects.filter(user=anna).order_by("name")] == [["Board"], ["Board"]]
    assert browser.post(url, {"do": "rename", "old": "Nobody", "name": "x"}).status_code == 404
    page = browser.post(url, {"do": "forget", "old": "Board"}, follow=True).content.decode()
    assert "The group “Board” is gone." in page
    assert [one.groups for one in Contact.objects.filter(user=anna)] == [[], []]
    theirs.refresh_from_db()
    assert theirs.groups == ["Choir"]


def test_a_stranger_is_put_into_no_group(browser: Client, anna: User) -> None:
    theirs = keep(make_user("other"), "Eve", "eve@x.example", groups=("Choir",))
    for do in ("group", "ungroup"):
        said = {"do": do, "name": "Choir", "group": "Choir", "contact": [theirs.pk]}
        assert browser.post(f"{HOME}chosen/", said).status_code == 404
    theirs.refresh_from_db()
    assert theirs.groups == ["Choir"]
    assert "Choir" not in browser.get(HOME).content.decode()


def test_the_form_and_the_pages_know_groups(browser: Client, anna: User) -> None:
    form = {"name": "Cy", "addresses": "cy@x.example", "groups": "Choir,  Board ,choir"}
    browser.post(f"{HOME}add/", form)
    contact = Contact.objects.get(user=anna)
    assert contact.groups == ["Choir", "Board"]
    assert 'value="Choir, Board"' in browser.get(f"{HOME}{contact.pk}/").content.decode()
    keep(anna, "Bo", "bo@x.example")
    assert "Bo</bdi></a>" not in browser.get(HOME, {"group": "Board"}).content.decode()
    assert "Bo</bdi></a>" in browser.get(HOME, {"group": "Nobody"}).content.decode()


def test_a_message_to_a_group_goes_to_the_first_address_of_each(browser: Client, anna: User) -> None:
    make_account(anna)
    keep(anna, "Bo Ek", "bo@x.example", "bo@home.example", groups=("Choir",))
    keep(anna, "Al", groups=("Choir",))
    keep(anna, "cy@x.example", "cy@x.example", groups=("Choir", "Board"))
    keep(make_user("other"), "Eve", "eve@x.example", groups=("Choir",))
    assert f'{reverse("compose")}?group=Choir"' in browser.get(HOME, {"group": "Choir"}).content.decode()
    browser.get(reverse("compose"), {"group": "Choir"})
    assert Draft.objects.get().to == "Bo Ek <bo@x.example>, cy@x.example"
    offered = browser.get(reverse("recipients"), {"q": "cho"}).json()["people"]
    assert (offered[0]["group"], offered[0]["told"]) == ("Choir", "3 people")
    assert browser.get(reverse("recipients"), {"q": "hoir"}).json()["people"] == []
    people = browser.get(reverse("recipients"), {"group": "Choir"}).json()["people"]
    assert [one["line"] for one in people] == ["Bo Ek <bo@x.example>", "cy@x.example"]


def test_groups_are_carried_in_and_out_and_merged(browser: Client, anna: User) -> None:
    keep(anna, "Bo", "bo@x.example", groups=("Choir", "Board"))
    table = browser.get(f"{HOME}export.csv").content.decode()
    cards = browser.get(f"{HOME}export.vcf").content.decode()
    assert "Choir ::: Board" in table
    assert "CATEGORIES:Choir,Board" in cards
    for name, text in (("people.csv", table), ("people.vcf", cards)):
        Contact.objects.all().delete()
        browser.post(f"{HOME}import/", {"file": SimpleUploadedFile(name, text.encode())})
        assert Contact.objects.get(user=anna).groups == ["Choir", "Board"]
    other = keep(anna, "Bo Ek", "bo@home.example", groups=("Family", "choir"))
    first = Contact.objects.exclude(pk=other.pk).get()
    browser.post(f"{HOME}chosen/", {"do": "merge", "contact": [first.pk, other.pk]})
    assert Contact.objects.get(user=anna).groups == ["Choir", "Board", "Family"]
