"""Pages of rules and blocked senders, of a sweep, and of why a message is where it is; closed to everybody else."""

import pytest
from django.test import Client

from accounts.models import MailAccount, User
from mailsync import actions
from mailsync.actions import RuleText
from mailsync.engine import long_acts, rules
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Act, BlockedSender, Folder, Label, Placement, Rule, RuleHit
from mailsync.plan.rules import Deed, Fields
from mailsync.store.arrivals import note_arrivals
from mailsync.store.contacts import keep_card
from mailsync.store.rules import load_rules
from tests.factories import make_account, make_folder, make_message, make_user
from tests.web.conftest import Part
from webmail.views import senders

pytestmark = pytest.mark.django_db

HOME = "/settings/rules/"
ADD = "/settings/rules/add/"


@pytest.fixture
def account(anna: User) -> MailAccount:
    return make_account(anna)


@pytest.fixture
def inbox(account: MailAccount) -> Folder:
    return make_folder(account)


def lying(folder: Folder) -> list[str]:
    return sorted(folder.placements.filter(shown=True).values_list("message__subject", flat=True))


def work(act_id: int) -> None:
    while long_acts.work(act_id):
        pass


def test_a_rule_is_tried_and_saved_and_changed(browser: Client, anna: User, inbox: Folder) -> None:
    for number in range(12):
        make_message(inbox, subject=f"Weekly rota {number}")
    make_message(inbox, subject="Minutes")
    make_message(make_folder(inbox.account, "Junk", role="junk"), subject="Junk rota")
    typed = {"subject": "rota", "filing": "archive", "read": "on", "label": "to do"}
    page = browser.post(ADD, {**typed, "do": "try"}).content.decode()
    assert "12 of your newest 13 messages" in page
    assert "Weekly rota 11" in page
    assert not Rule.objects.exists()
    part = browser.post(ADD, {**typed, "do": "try"}, **Part("tried")).content.decode()
    assert part.startswith('<section class="tried"')
    assert browser.post(ADD, typed).status_code == 302
    (rule,) = load_rules(anna.pk)
    assert (rule.name, rule.query) == ('subject:"rota"', 'subject:"rota"')
    assert rule.deeds == (Deed("read"), Deed("label", "$label4"), Deed("archive"))
    assert Label.objects.get().kept
    shown = browser.get(f"{HOME}{rule.id}/").content.decode()
    assert 'value="rota"' in shown
    assert "12 of your newest 13 messages" in shown
    assert browser.post(f"{HOME}{rule.id}/", {"name": "Rotas", "sender": "ada", "flag": "on"}).status_code == 302
    (rule,) = load_rules(anna.pk)
    assert (rule.name, rule.query, rule.deeds) == ("Rotas", "from:ada", (Deed("flag"),))
    assert "Rotas" in browser.get(HOME).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"flag": "on"}, "fill in at least one field"),
        ({"sender": "ada"}, "what is to be done"),
        ({"search": "in:nowhere", "flag": "on"}, "nowhere"),
        ({"search": '"open', "flag": "on"}, "quotation mark"),
        ({"sender": "ada", "pin": "on", "mute": "on"}, "on top and out of sight"),
        ({"sender": "ada", "filing": "f999999"}, "not one of the available choices"),
        ({"words": "...", "flag": "on"}, "no letter or digit"),
    ],
)
def test_what_makes_no_rule_is_refused_with_words(
    browser: Client, inbox: Folder, typed: dict[str, str], words: str
) -> None:
    answer = browser.post(ADD, typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Rule.objects.exists()


def test_a_rule_begins_with_a_message_or_a_search(browser: Client, inbox: Folder) -> None:
    plain = make_message(inbox, from_address="ada@example.test", from_name="Ada")
    listed = make_message(inbox, facts={"list_id": "talk.example.test"})
    assert 'value="ada@example.test"' in browser.get(ADD, {"message": plain.message_id}).content.decode()
    assert 'value="talk.example.test"' in browser.get(ADD, {"message": listed.message_id}).content.decode()
    assert 'value="larger:5MB"' in browser.get(ADD, {"q": "larger:5MB"}).content.decode()
    stranger = make_message(make_folder(make_account(make_user())))
    assert browser.get(ADD, {"message": stranger.message_id}).status_code == 404


def test_a_folder_keeps_a_rule_to_its_mailbox_and_a_gone_one_pauses_it(
    browser: Client, anna: User, account: MailAccount, inbox: Folder
) -> None:
    other = make_folder(make_account(anna))
    work_folder = make_folder(account, "Work")
    browser.post(ADD, {"sender": "ada", "filing": f"f{work_folder.pk}", "accounts": str(other.account_id)})
    assert Rule.objects.get().accounts == [account.pk]
    Folder.objects.filter(pk=work_folder.pk).delete()
    page = browser.get(HOME).content.decode()
    assert "Paused" in page
    assert "The folder it moves mail to is gone." in page
    answer = browser.post(f"{HOME}{Rule.objects.get().pk}/change/", {"do": "run"}, follow=True)
    assert "This rule is paused" in answer.content.decode()


def test_rules_are_ordered_switched_and_removed(browser: Client, anna: User, inbox: Folder) -> None:
    for name in ("one", "two", "three"):
        browser.post(ADD, {"name": name, "sender": name, "flag": "on"})
    by_name = dict(Rule.objects.values_list("name", "pk"))

    def change(name: str, do: str) -> list[str]:
        assert browser.post(f"{HOME}{by_name[name]}/change/", {"do": do, "sure": "1"}).status_code == 302
        return [rule.name for rule in load_rules(anna.pk) if rule.works]

    assert change("three", "up") == ["one", "three", "two"]
    assert change("one", "up") == ["one", "three", "two"]
    assert change("one", "down") == ["three", "one", "two"]
    assert change("one", "off") == ["three", "two"]
    assert change("one", "on") == ["three", "one", "two"]
    assert change("three", "remove") == ["one", "two"]
    assert browser.post(f"{HOME}{by_name['one']}/change/", {"do": "dance"}).status_code == 404


def test_a_rule_runs_over_what_is_there_and_is_taken_back(browser: Client, anna: User, inbox: Folder) -> None:
    for number in range(5):
        make_message(inbox, subject=f"Rota {number}")
    make_message(inbox, subject="Minutes")
    browser.post(ADD, {"name": "Rotas", "subject": "rota", "filing": "archive", "flag": "on"})
    answer = browser.post(f"{HOME}{Rule.objects.get().pk}/change/", {"do": "run"})
    assert answer["Location"] == "/activity/"
    act = Act.objects.get()
    make_message(inbox, subject="Rota that came later")
    work(act.pk)
    assert lying(inbox) == ["Minutes", "Rota that came later"]
    assert RuleHit.objects.count() == 5
    page = browser.get("/activity/").content.decode()
    assert "Rule “Rotas”: 5 messages" in page
    assert "5 messages in the last 30 days" in browser.get(HOME).content.decode()
    browser.post("/undo/", {"group": str(act.group)})
    work(act.pk)
    assert lying(inbox) == ["Minutes", *(f"Rota {n}" for n in range(5)), "Rota that came later"]
    assert not Placement.objects.filter(flagged=True, shown=True).exists()


def test_a_rule_that_tells_only_has_nothing_to_run(browser: Client, anna: User, inbox: Folder) -> None:
    refused = browser.post(ADD, {"subject": "rota", "tell": "on", "read": "on"})
    assert (refused.status_code, "What is marked as read is not told of." in refused.content.decode()) == (422, True)
    refused = browser.post(ADD, {"subject": "rota", "tell": "on", "filing": "trash"})
    assert "What goes to Junk or into the bin is not told of." in refused.content.decode()
    assert browser.post(ADD, {"subject": "rota", "tell": "on"}).status_code == 302
    (rule,) = load_rules(anna.pk)
    assert rule.deeds == (Deed("tell"),)
    page = browser.get(f"{HOME}{rule.id}/").content.decode()
    assert "Run it over mail" not in page
    assert 'name="tell"' in page
    assert "tell my devices" in browser.get(HOME).content.decode()
    answer = browser.post(f"{HOME}{rule.id}/change/", {"do": "run"}, follow=True)
    assert "only tells of new mail" in answer.content.decode()
    assert not Act.objects.exists()


def test_a_rule_that_is_run_over_old_mail_tells_nobody(anna: User, inbox: Folder) -> None:
    make_message(inbox, subject="Weekly rota")
    rule = actions.write_rule(anna.pk, None, RuleText("Rota", Fields(subject="rota"), (Deed("flag"), Deed("tell"))))
    done = actions.run_rule(anna.pk, rule.pk, inbox_only=True)
    assert done.act_id
    work(done.act_id)
    assert Placement.objects.get().flagged
    assert not RuleHit.objects.get().tells


def test_why_a_message_is_here_names_the_rule_and_takes_it_back(browser: Client, inbox: Folder) -> None:
    row = make_message(inbox, subject="Rota")
    untouched = browser.get(f"/m/{row.message_id}/why/").content.decode()
    assert "that is where the mail server has it" in untouched
    browser.post(ADD, {"name": "Rotas", "subject": "rota", "filing": "archive"})
    note_arrivals(inbox.pk, inbox.epoch, [row.uid or 0])
    rules.run_rules(inbox.account)
    assert lying(inbox) == []
    page = browser.get(f"/m/{row.message_id}/why/").content.decode()
    assert "It lies in Archive." in page
    assert "Rule “Rotas”" in page
    assert f'href="/settings/rules/{Rule.objects.get().pk}/"' in page
    act = Act.objects.get()
    assert str(act.group) in page
    browser.post("/undo/", {"group": str(act.group)})
    assert lying(inbox) == ["Rota"]
    assert str(act.group) not in browser.get(f"/m/{row.message_id}/why/").content.decode()
    assert f"/m/{row.message_id}/why/" in browser.get(f"/m/{row.message_id}/").content.decode()


def test_a_sender_is_blocked_from_an_open_message_and_unblocked(browser: Client, anna: User, inbox: Folder) -> None:
    row = make_message(inbox, subject="Offer", from_address="pest@shop.example")
    url = f"/m/{row.message_id}/block/"
    assert "pest@shop.example" in browser.get(url).content.decode()
    assert browser.post(url, {"what": "domain"}).status_code == 302
    blocked = BlockedSender.objects.get()
    assert (blocked.pattern, blocked.to_bin) == ("shop.example", False)
    junk = Folder.objects.get(role="junk")
    assert (lying(inbox), lying(junk)) == ([], ["Offer"])
    assert "shop.example" in browser.get(HOME).content.decode()
    actions.undo(anna.pk, Act.objects.get().group)
    assert not BlockedSender.objects.exists()
    assert lying(inbox) == ["Offer"]
    browser.post(f"{HOME}block/", {"pattern": "Pest@Shop.example", "bin": "1"})
    blocked = BlockedSender.objects.get()
    assert (blocked.pattern, blocked.to_bin) == ("pest@shop.example", True)
    browser.post(f"{HOME}blocked/{blocked.pk}/remove/")
    assert not BlockedSender.objects.exists()


def test_a_domain_is_blocked_however_it_is_spelled(browser: Client, anna: User, inbox: Folder) -> None:
    browser.post(f"{HOME}block/", {"pattern": "Müller.example"})
    assert BlockedSender.objects.get().pattern == "xn--mller-kva.example"
    assert "1 blocked sender" in browser.get(HOME, {"q": "müller.example"}).content.decode()


def test_many_blocked_senders_come_by_the_page_and_are_found(browser: Client, anna: User) -> None:
    BlockedSender.objects.bulk_create(BlockedSender(user=anna, pattern=f"pest{n:03}@shop.example") for n in range(250))
    whole = BlockedSender.objects.create(user=anna, pattern="spam.example")
    BlockedSender.objects.create(user=make_user("eve@example.org"), pattern="evil.example")
    first = browser.get(HOME).content.decode()
    assert first.count("pest") == 2 * 100
    assert "Page 1 of 3" in first
    assert "251 blocked senders" in first
    last = browser.get(HOME, {"page": "3"}).content.decode()
    assert "pest249@shop.example" in last
    assert "spam.example" in last
    assert "pest199@" not in last
    # What blocks an address is found by the address.
    found = browser.get(HOME, {"q": "Ada@news.spam.example"}).content.decode()
    assert "spam.example</b>" in found
    assert "pest" not in found
    assert "No sender you blocked matches" in browser.get(HOME, {"q": "evil"}).content.decode()
    answer = browser.post(f"{HOME}blocked/{whole.pk}/remove/", {"q": "spam", "page": "2"})
    assert answer["Location"] == f"{HOME}?q=spam&page=2#blocked"


def test_a_block_that_was_there_before_outlives_the_undo_of_a_second(anna: User, inbox: Folder) -> None:
    first = make_message(inbox, from_address="pest@shop.example", subject="One")
    actions.block_sender(anna.pk, "pest@shop.example")
    again = actions.block_sender_of(anna.pk, first.message_id, [first.pk], "pest@shop.example")
    assert lying(inbox) == []
    assert actions.undo(anna.pk, again.group)
    assert lying(inbox) == ["One"]
    assert BlockedSender.objects.get().pattern == "pest@shop.example"


def test_nobody_blocks_themselves_and_a_contact_only_when_sure(
    browser: Client, anna: User, account: MailAccount, inbox: Folder
) -> None:
    for pattern in (account.address, account.address.rpartition("@")[2], "nonsense", "", "a b@x.example"):
        browser.post(f"{HOME}block/", {"pattern": pattern})
    keep_card(anna.pk, VCard(name="Ada", addresses=(Labelled("ada@friends.example"),)))
    row = make_message(inbox, from_address="Ada@friends.example")
    url = f"/m/{row.message_id}/block/"
    assert "one of your contacts" in browser.get(url).content.decode()
    assert browser.post(url, {"what": "sender"}).status_code == 422
    answer = browser.post("/act/", {"do": "block", "on": f"p{row.pk}"}, **Part("rows"))
    assert answer.status_code == 409
    assert "one of your contacts" in answer.content.decode()
    assert not BlockedSender.objects.exists()
    assert browser.post(url, {"what": "sender", "sure": "1"}).status_code == 302
    assert BlockedSender.objects.get().pattern == "ada@friends.example"


def test_senders_are_blocked_from_the_list(browser: Client, anna: User, inbox: Folder) -> None:
    rows = [make_message(inbox, subject=f"S{n}", from_address=f"pest{n}@shop.example") for n in range(2)]
    answer = browser.post("/act/", {"do": "block", "on": [f"p{row.pk}" for row in rows]}, **Part("rows"))
    assert "2 senders blocked" in answer.content.decode()
    assert BlockedSender.objects.count() == 2
    assert lying(Folder.objects.get(role="junk")) == ["S0", "S1"]
    actions.undo(anna.pk, Act.objects.get().group)
    assert (BlockedSender.objects.count(), lying(inbox)) == (0, ["S0", "S1"])


@pytest.mark.parametrize(("which", "left"), [("all", []), ("but_latest", ["S3"]), ("old", [])])
def test_a_sweep_takes_what_was_chosen_of_that_very_sender(
    browser: Client, anna: User, inbox: Folder, which: str, left: list[str]
) -> None:
    rows = [make_message(inbox, subject=f"S{n}", from_address="News@shop.example") for n in range(4)]
    make_message(inbox, subject="Other", from_address="news@shop.example.org")
    url = f"/m/{rows[0].message_id}/sweep/"
    assert "4 messages from this sender" in browser.get(url).content.decode()
    assert browser.post(url, {"which": which, "where": "archive"}).status_code == 302
    act = Act.objects.get()
    work(act.pk)
    assert lying(inbox) == ["Other", *left]
    assert not Rule.objects.exists()
    browser.post("/undo/", {"group": str(act.group)})
    work(act.pk)
    assert lying(inbox) == ["Other", "S0", "S1", "S2", "S3"]


@pytest.mark.parametrize(
    ("most", "said"), [(4, "4 messages from this sender"), (3, "More than 3 messages from this sender")]
)
def test_what_a_sweep_would_take_is_counted_up_to_a_limit_and_never_wrong(
    browser: Client, inbox: Folder, monkeypatch: pytest.MonkeyPatch, most: int, said: str
) -> None:
    monkeypatch.setattr(senders, "MOST_COUNTED", most)
    rows = [make_message(inbox, from_address="news@shop.example") for _ in range(4)]
    url = f"/m/{rows[0].message_id}/sweep/"
    assert said in browser.get(url).content.decode()
    # What is done goes by no such limit, and counts what it does.
    browser.post(url, {"which": "all", "where": "archive"})
    act = Act.objects.get()
    work(act.pk)
    act.refresh_from_db()
    assert act.count == 4


def test_a_sweep_of_all_that_is_to_come_makes_a_rule_and_undo_removes_it(
    browser: Client, anna: User, inbox: Folder
) -> None:
    target = make_folder(inbox.account, "Shop")
    row = make_message(inbox, subject="S", from_address="news@shop.example")
    url = f"/m/{row.message_id}/sweep/"
    assert browser.post(url, {"which": "some", "where": "trash"}).status_code == 422
    assert browser.post(url, {"which": "all", "where": "f999999"}).status_code == 404
    browser.post(url, {"which": "all", "where": f"f{target.pk}", "onward": "1"})
    (rule,) = load_rules(anna.pk)
    assert (rule.query, rule.deeds) == ("from:news@shop.example", (Deed("move", str(target.pk)),))
    act = Act.objects.get()
    work(act.pk)
    assert lying(target) == ["S"]
    actions.undo(anna.pk, act.group)
    assert not Rule.objects.exists()


def test_strangers_find_nothing(anna: User, inbox: Folder) -> None:
    row = make_message(inbox)
    rule = Rule.objects.create(user=anna, name="x", query="x", position=1, deeds=[["flag", ""]])
    blocked = BlockedSender.objects.create(user=anna, pattern="x.example")
    mallory = Client()
    mallory.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    for path in (f"{HOME}{rule.pk}/", f"/m/{row.message_id}/why/", f"/m/{row.message_id}/sweep/"):
        assert mallory.get(path).status_code == 404
    for path in (f"{HOME}{rule.pk}/change/", f"{HOME}blocked/{blocked.pk}/remove/", f"/m/{row.message_id}/block/"):
        assert mallory.post(path, {"do": "remove"}).status_code == 404
    assert (Rule.objects.count(), BlockedSender.objects.count()) == (1, 1)
    assert "x.example" not in mallory.get(HOME).content.decode()
    without_token = Client(enforce_csrf_checks=True)
    without_token.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert without_token.post(ADD, {"sender": "a", "flag": "on"}).status_code == 403


@pytest.mark.parametrize("query", ["", '"open', "a OR", "…"])
def test_a_query_that_is_not_understood_is_no_rule(anna: User, query: str) -> None:
    with pytest.raises(actions.CannotDo):
        actions.write_rule(anna.pk, None, actions.RuleText("x", Fields(search=query), (Deed("flag"),)))
    assert not Rule.objects.exists()


def test_what_is_to_me_names_any_address_of_mine(anna: User, inbox: Folder) -> None:
    rule = actions.write_rule(anna.pk, None, actions.RuleText("x", Fields(to_me=True), (Deed("flag"),)))
    assert rule.query == "to:me OR cc:me"
    make_message(inbox, subject="Mine", recipients={"to": [["", anna.email.upper()]]})
    make_message(inbox, subject="Other", recipients={"to": [["", "b@x.test"]]})
    act = actions.run_rule(anna.pk, rule.pk, inbox_only=True)
    work(act.act_id or 0)
    assert [one.message.subject for one in inbox.placements.filter(flagged=True)] == ["Mine"]
