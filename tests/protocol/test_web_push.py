"""Web Push as the RFCs write it: the example of RFC 8291, and a browser that reads what was sent."""

import pytest

from mailsync.errors import MailError
from mailsync.message import push_text
from mailsync.message.push_text import Subscription, as_bytes, as_text
from mailsync.protocol import web_push
from tests.protocol.push_receiver import Receiver, check_authorization

# RFC 8291, Appendix A.
_SENDER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
_RECEIVER_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
_SALT = "DGv6ra1nlYgDCS1FRnbzlw"
_BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3"
    "jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard() -> None:
    to = Subscription("https://push.example.net/x", as_bytes(_RECEIVER_POINT), as_bytes(_SECRET))
    body = push_text.encrypt(
        b"When I grow up, I want to be a watermelon",
        to,
        key=as_bytes(_SENDER_KEY),
        salt=as_bytes(_SALT),
        filled_to=0,
    )
    assert as_text(body) == _BODY


@pytest.mark.parametrize("text", ["", "Élan", "x" * 2000])
def test_a_browser_reads_it_and_its_length_says_nothing(text: str) -> None:
    browser = Receiver()
    body = push_text.encrypt(text.encode(), browser.subscription("https://push.example.net/x"))
    assert browser.read(body) == text.encode()
    assert len(body) == len(push_text.encrypt(b"short", browser.subscription("")))
    assert len(body) <= 4096


def test_each_text_has_its_own_key() -> None:
    to = Receiver().subscription("https://push.example.net/x")
    assert push_text.encrypt(b"same", to)[:86] != push_text.encrypt(b"same", to)[:86]


def test_who_calls_is_signed_for_that_service_alone() -> None:
    key = push_text.make_key()
    header = push_text.authorization("https://push.example.net:8443/x/y?z", key, "https://heron.example", 1000.0)
    claims, told = check_authorization(header)
    assert claims == {"aud": "https://push.example.net:8443", "exp": 1000 + 12 * 3600, "sub": "https://heron.example"}
    assert told == push_text.public_key(key)
    assert "sub" not in check_authorization(push_text.authorization("https://push.example.net/", key, "", 0.0))[0]


@pytest.mark.parametrize(
    "endpoint", ["http://push.example.net/x", "ftp://push.example.net/x", "https://127.0.0.1/x", "https://10.0.0.1/x"]
)
def test_what_is_no_public_https_url_is_not_called(endpoint: str) -> None:
    with pytest.raises(MailError):
        web_push.send(Receiver().subscription(endpoint), "x", key=push_text.make_key(), contact="")


@pytest.mark.parametrize(
    "point",
    [b"", b"\x04" * 65, b"\x02" + b"\x01" * 32, Receiver().public[:-1]],
    ids=["empty", "off the curve", "compressed", "short"],
)
def test_what_is_no_point_is_no_key(point: bytes) -> None:
    assert not push_text.is_point(point)
    assert push_text.is_point(Receiver().public)
