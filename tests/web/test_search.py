"""The page of results: what was not understood, how much was searched, what matched, the form, one folder or all."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from mailsync.extract.indexed import message_text
from mailsync.message.parse import parse_message
from mailsync.models import FileText, Folder, MessageText, SavedSearch, ServerSearch
from mailsync.store.text_index import index_texts
from tests.factories import make_account, make_folder, make_message, make_user, raw_message
from tests.web.mail import store

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return make_user("anna")


@pytest.fixture
def inbox(anna: User) -> Folder:
    return make_folder(make_account(anna))


@pytest.fixture
def browser(anna: User) -> Client:
    client = Client()
    client.force_login(anna)
    return client


def page(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_what_was_not_understood_is_shown_at_its_place_and_the_rest_is_found(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    shown = page(browser, "/search/?q=tide+before:soon")
    assert "<code>tide <mark>before:soon</mark></code> Write a day as 2026-03-01" in shown
    assert '<mark>Tide</mark><span class="rest"> charts</span>' in shown


@pytest.mark.parametrize("rows", [1, 6])
def test_a_page_of_results_costs_the_same_for_any_number(
    rows: int, browser: Client, anna: User, inbox: Folder, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """What the query means is looked up once, though its rows, its head and its excerpts all ask."""
    for _ in range(rows):
        raw = raw_message("Boats", "Much that a list shows of it. " * 20 + "The marigolds fell.\r\n")
        index_texts(inbox.account_id, [message_text(store(anna, raw, inbox).pk, parse_message(raw))])
    htmx = {"HX-Request": "true", "HX-Target": "list"}
    with django_assert_max_num_queries(26) as asked:
        page = browser.get("/search/?q=marigolds", headers=htmx).content.decode()
    assert page.count("<mark>marigolds</mark>") == rows
    assert sum("ts_lexize" in one["sql"] for one in asked) == 1


def test_words_in_a_query_are_never_markup(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="<b>bold</b> words")
    raw = browser.get("/search/?q=bold+before:<script>").content.decode()
    assert "<script>" not in raw.partition('id="searchbar"')[2].partition("</p>")[0]
    assert '&lt;b&gt;</span><mark>bold</mark><span class="rest">&lt;/b&gt;' in raw


def test_the_attachment_that_matches_is_named_and_its_words_marked(browser: Client, inbox: Folder) -> None:
    raw = raw_message("Papers", "See the file.\r\n")
    found = make_message(inbox, raw, subject="Papers", preview="See the file.").message
    text = "Berths\nThe boathouse is to let"
    FileText.objects.create(account_id=inbox.account_id, message=found, part="2", filename="<lease>.docx", text=text)
    index_texts(inbox.account_id, [message_text(found.pk, parse_message(raw), [text])])
    shown = page(browser, "/search/?q=boathouse+")
    assert '<span class="where">In <lease>.docx:</span> <span class="ahead">Berths The </span><mark>boat' in shown
    assert "&lt;lease&gt;" in browser.get("/search/?q=boathouse+").content.decode()


def test_the_place_in_the_body_is_shown_with_the_match_marked(browser: Client, inbox: Folder) -> None:
    body = "Nothing of note. " * 40 + "The Ångström unit is small. " + "More of the same. " * 40
    found = make_message(inbox, raw_message("Units", body), subject="Units", preview="Nothing of note.")
    raw = found.message.raw
    assert raw is not None
    index_texts(inbox.account_id, [message_text(found.message_id, parse_message(bytes(raw.data)))])
    shown = page(browser, '/search/?q="angstrom unit"')
    snippet = re.search(r'class="snip marked"[^>]*>(.*?)</span>\s*</span></span>', shown, re.DOTALL)
    assert snippet is not None
    assert '<mark>Ångström unit</mark><span class="rest"> is small' in snippet[1]


def test_which_field_matched_is_said(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Plain", recipients={"to": [["Carol Danvers", "carol@example.test"]]})
    shown = page(browser, "/search/?q=to:carol")
    assert 'To:</span> <span class="ahead"></span><mark>Carol</mark><span class="rest"> Danvers' in shown
    assert "Matches the sender." in page(browser, "/search/?q=from:ada")


def test_what_is_not_searched_yet_is_counted(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    waiting = make_message(inbox, subject="Waiting")
    assert "messages searched" not in page(browser, "/search/?q=tide")
    MessageText.objects.filter(message=waiting.message).update(complete=False)
    assert "1 of 2 messages searched" in page(browser, "/search/?q=tide")
    assert "1 of 2 messages searched" in page(browser, "/search/?q=absent")


def test_one_folder_or_all(browser: Client, inbox: Folder) -> None:
    other = make_folder(inbox.account, "Receipts")
    make_message(other, subject="Tide charts")
    shown = page(browser, f"/search/?q=tide&folder={inbox.pk}")
    assert "Nothing found for “tide”" in shown
    assert "Only Inbox is searched." in shown
    assert 'href="/search/?q=tide" data-list>Search all folders' in shown
    assert f'<input type="hidden" name="folder" value="{inbox.pk}">' in shown, "the next search stays there"
    assert "<mark>Tide</mark>" in page(browser, f"/search/?q=tide&folder={other.pk}")
    assert "<mark>Tide</mark>" in page(browser, "/search/?q=tide")
    assert f'name="folder" value="{other.pk}"' in page(browser, f"/f/{other.pk}/")


def test_the_folder_of_another_is_no_folder(browser: Client, inbox: Folder) -> None:
    stranger = make_folder(make_account(make_user()), "Secret")
    make_message(stranger, subject="Tide secrets")
    shown = page(browser, f"/search/?q=tide&folder={stranger.pk}")
    assert "Nothing found" in shown
    assert "Secret" not in shown


def test_junk_is_offered_where_nothing_was_found(browser: Client, inbox: Folder) -> None:
    make_message(make_folder(inbox.account, "Junk", role="junk"), subject="Prize")
    shown = page(browser, "/search/?q=prize")
    assert "Junk and the bin were not searched" in shown
    assert 'href="/search/?q=prize%2A+in%3Aanywhere"' in shown
    # Half a word stays the beginning of one, and both sides of OR are looked for there too.
    assert 'href="/search/?q=%28crown+OR+priz%2A%29+in%3Aanywhere"' in page(browser, "/search/?q=crown+OR+priz")
    found = page(browser, "/search/?q=prize+in:anywhere")
    assert "<mark>Prize</mark>" in found
    assert re.search(r'<span class="chip h\d+"[^>]*>Junk</span>', found)


def test_the_form_writes_the_query(browser: Client, inbox: Folder) -> None:
    fields = {"form": "1", "words": "lunch", "from": "Ada L", "without": "spam", "after": "2026-03-01", "to": ""}
    answer = browser.get("/search/", {**fields, "attachment": "on", "folder": str(inbox.pk)})
    assert answer.status_code == 302
    asked = 'lunch from:"Ada L" after:2026-03-01 -spam has:attachment'
    followed = browser.get(answer.headers["Location"])
    assert followed.context["scope"].query == asked
    assert followed.context["scope"].within == str(inbox.pk)
    assert followed.context["mistakes"] == []


def test_hints_narrow_the_search(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    assert 'href="/search/?q=tide+has%3Aattachment"' in page(browser, "/search/?q=tide+")
    # Half a word stays the beginning of one, and both sides of OR are narrowed.
    assert 'href="/search/?q=tid%2A+has%3Aattachment"' in page(browser, "/search/?q=tid")
    assert 'href="/search/?q=%28ebb+OR+tid%2A%29+has%3Aattachment"' in page(browser, "/search/?q=ebb+OR+tid")
    assert 'title="has:attachment"' not in page(browser, "/search/?q=tide+has:attachment")
    # In whichever words it was asked for.
    assert 'title="has:attachment"' not in page(browser, "/search/?q=tide+has:file")
    assert 'title="is:flagged"' not in page(browser, "/search/?q=tide+is:starred")
    assert 'title="is:unread"' in page(browser, "/search/?q=tide+is:starred")
    assert (
        "received:" not in page(browser, "/search/?q=tide+received:%22last+week%22").partition('class="hints"')[2][:900]
    )


def test_a_search_with_a_mistake_does_not_say_that_there_is_nothing(browser: Client, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    shown = page(browser, "/search/?q=in:nowhere")
    assert "Nothing found" not in shown
    assert "Part of this search was not understood" in shown
    assert "Nothing found for “wharf”" in page(browser, "/search/?q=wharf+")


def test_a_search_that_asks_nothing_is_not_to_be_kept(browser: Client, inbox: Folder) -> None:
    shown = page(browser, "/search/?q=***")
    assert "Make a rule</a>" not in shown
    assert "Save search" not in shown
    assert "Make a rule</a>" in page(browser, "/search/?q=tide")


def test_a_search_is_kept_under_a_name_and_stands_in_the_column(browser: Client, anna: User, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    assert "Save search" in page(browser, "/search/?q=tide")
    kept = browser.post("/search/saved/", {"q": "subject:tide ", "name": "  High   water "}, follow=True)
    assert kept.redirect_chain == [("/search/?q=subject%3Atide+", 302)]
    shown = html.unescape(kept.content.decode())
    assert "Saved as “High water”" in shown
    assert "Save search" not in shown
    column = re.search(r"<h2>Saved searches</h2>\s*<ul>(.*?)</ul>", shown, re.DOTALL)
    assert column is not None
    assert 'href="/search/?q=subject%3Atide+" title="High water" data-list aria-current="page"' in column[1]
    assert '<mark>Tide</mark><span class="rest"> charts</span>' in shown
    # On every page, and nobody else's.
    assert "High water" in page(browser, f"/f/{inbox.pk}/")
    stranger = Client()
    stranger.force_login(make_folder(make_account(make_user("bob"))).account.user)
    assert "High water" not in page(stranger, "/search/?q=subject:tide")


def test_a_saved_search_may_keep_to_a_folder_and_is_replaced_by_its_name(
    browser: Client, anna: User, inbox: Folder
) -> None:
    browser.post("/search/saved/", {"q": "tide", "name": "Water", "folder": inbox.pk})
    browser.post("/search/saved/", {"q": "flood", "name": "WATER", "folder": inbox.pk})
    (saved,) = SavedSearch.objects.filter(user=anna)
    assert (saved.name, saved.query, saved.folder_id) == ("WATER", "flood", inbox.pk)
    assert "Saved as “WATER”" in page(browser, f"/search/?q=flood&folder={inbox.pk}")
    assert "Saved as" not in page(browser, "/search/?q=flood")
    strange = make_folder(make_account(make_user("bob")))
    for folder in (strange.pk, "x", "9" * 30):
        assert browser.post("/search/saved/", {"q": "tide", "name": "A", "folder": folder}).status_code == 404
    assert SavedSearch.objects.count() == 1


def test_a_saved_search_tells_that_its_folder_is_gone(browser: Client, anna: User, inbox: Folder) -> None:
    bills = make_folder(inbox.account, "Bills")
    make_message(inbox, subject="Tide charts")
    browser.post("/search/saved/", {"q": "tide", "name": "Water", "folder": bills.pk})
    assert "kept to this folder will look in all folders: Water" in page(browser, f"/f/{bills.pk}/edit/")
    assert "kept to this folder" not in page(browser, f"/f/{inbox.pk}/edit/")
    browser.post(f"/f/{bills.pk}/edit/", {"do": "delete"})
    told = "The folder “Bills” that this search was kept to is gone. It looks in all folders now."
    shown = page(browser, "/search/?q=tide")
    assert told in shown
    assert "Saved as “Water”" in shown
    assert "charts" in shown
    browser.post("/search/saved/", {"q": "tide", "name": "Water"})
    shown = page(browser, "/search/?q=tide")
    assert "Saved as “Water”" in shown
    assert told not in shown


def test_a_saved_search_is_forgotten(browser: Client, anna: User, inbox: Folder) -> None:
    saved = SavedSearch.objects.create(user=anna, name="Water", query="tide")
    assert browser.get(f"/search/saved/{saved.pk}/").status_code == 405
    left = browser.post(f"/search/saved/{saved.pk}/", follow=True)
    assert "is no longer saved" in left.content.decode()
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    ("query", "name", "count", "words"),
    [
        ("  ", "Empty", 0, "Type what to search for first."),
        ("tide", "x" * 61, 0, "is too long"),
        ("tide", "One more", 50, "There are 50 saved searches already."),
    ],
)
def test_what_cannot_be_saved_is_told(
    browser: Client, anna: User, inbox: Folder, query: str, name: str, count: int, words: str
) -> None:
    SavedSearch.objects.bulk_create(SavedSearch(user=anna, name=f"S{n}", query="x") for n in range(count))
    told = browser.post("/search/saved/", {"q": query, "name": name}, follow=True)
    assert words in html.unescape(told.content.decode())
    assert SavedSearch.objects.count() == count


def test_the_mail_server_is_asked_for_what_is_not_here(browser: Client, anna: User, inbox: Folder) -> None:
    make_message(inbox, subject="Tide charts")
    assert "Search on the mail server too" not in page(browser, "/search/?q=tide")
    Folder.objects.filter(pk=inbox.pk).update(bodies_pending=2)
    assert "Search on the mail server too" in page(browser, "/search/?q=tide")
    asked = browser.post("/search/server/", {"q": "tide"})
    assert asked.url == "/search/?q=tide"  # type: ignore[attr-defined]
    row = ServerSearch.objects.get()
    assert (row.account_id, row.query, row.folder_id, row.state) == (inbox.account_id, "tide", None, "asked")
    waiting = page(browser, "/search/?q=tide")
    assert "The mail server is being asked" in waiting
    assert 'hx-get="/search/server/?q=tide"' in waiting
    ServerSearch.objects.update(state="done", found=3, fetched=2, unlisted=1)
    part = browser.get("/search/server/?q=tide", headers={"HX-Request": "true"}).content.decode()
    assert "The mail server found 3 more messages. 1 of them has not come yet. 1 further message is there" in part
    assert '<a href="/search/?q=tide" data-list>Show them</a>' in part
    assert "every 2s" not in part
    assert "Ask the mail server again" in part
    ServerSearch.objects.update(state="failed", found=0, problem="The mail server cannot be reached at the moment.")
    assert "The mail server cannot be reached at the moment." in page(browser, "/search/?q=tide")
    # Kept to a folder it is another search.
    browser.post("/search/server/", {"q": "tide", "folder": inbox.pk}, headers={"HX-Request": "true"})
    assert set(ServerSearch.objects.values_list("folder", flat=True)) == {None, inbox.pk}


def test_a_stranger_asks_no_server_of_anothers(anna: User, inbox: Folder) -> None:
    Folder.objects.filter(pk=inbox.pk).update(bodies_pending=2)
    ServerSearch.objects.create(account=inbox.account, query="tide", asked_at=timezone.now())
    stranger = Client()
    assert stranger.post("/search/server/", {"q": "tide"}).status_code == 302
    stranger.force_login(make_folder(make_account(make_user("bob"))).account.user)
    assert stranger.post("/search/server/", {"q": "tide", "folder": inbox.pk}).status_code == 404
    stranger.post("/search/server/", {"q": "tide"})
    assert ServerSearch.objects.count() == 1
    assert "being asked" not in page(stranger, "/search/?q=tide")


def test_the_best_match_comes_first_where_that_is_wanted(browser: Client, inbox: Folder) -> None:
    def found(query: str) -> list[str]:
        shown = page(browser, f"/search/?q={query}")
        subjects = re.findall(r'<a class="subj[^>]*>(.*?)</a>', shown, re.DOTALL)
        return [re.sub("<[^>]*>", "", one).strip() for one in subjects]

    make_message(inbox, subject="Tide charts", preview="tide and tide again")
    make_message(inbox, subject="Holidays", preview="We might see the tide there.")
    assert found("tide") == ["Holidays", "Tide charts"]
    assert found("tide&sort=relevance") == ["Tide charts", "Holidays"]
    shown = page(browser, "/search/?q=tide&sort=relevance")
    assert "The best of the newest 1,000 matches at most come first, then older ones." in shown
    assert re.search(r'aria-checked="true"[^>]*>.{,600}Best match first', shown, re.DOTALL)
    assert "sort=relevance" in shown[shown.index('class="hints"') :][:400]
    # Without a word there is nothing to weigh by.
    assert "Best match first" not in page(browser, "/search/?q=is:unread")
    assert len(found("is:unread&sort=relevance")) == 2


def test_the_best_matches_go_on_where_a_page_ends(browser: Client, inbox: Folder) -> None:
    for number in range(60):
        make_message(inbox, subject=f"Tide {number}", preview="tide")
    shown = page(browser, "/search/?q=tide&sort=relevance")
    (following,) = {html.unescape(one) for one in re.findall(r'"(/search/\?[^"]*before=[^"]*)"', shown)}
    further = page(browser, following)
    subjects = [re.sub("<[^>]*>", "", one) for one in re.findall(r'class="subj[^>]*>(.*?)</a>', shown + further, re.S)]
    assert sorted(one.strip() for one in subjects) == sorted(f"Tide {number}" for number in range(60))
