"""Authentication-Results (RFC 8601) in, what a trusted server found out. Pure.

Anyone can write this header: only results whose authserv-id the user's own provider uses are believed, and of
those only the topmost, as a provider adds its own above all that came with the message.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MAX_CHARS = 16 * 1024
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)", re.S)
_METHOD = re.compile(r"([A-Za-z][\w-]{0,40})(?:/\d+)?\s*=\s*([A-Za-z][\w-]{0,40})")
_PROPERTY = re.compile(r"\b(smtp|header|body|policy)\.([\w-]{1,40})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;]+)", re.I)
_REASON = re.compile(r"\breason\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;]+)", re.I)


@dataclass(frozen=True, slots=True)
class AuthResult:
    """One method's verdict: ``AuthResult("dkim", "pass", "example.org", …)``; ``domain`` is the one it vouches for."""

    method: str
    result: str
    domain: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuthResults:
    """All verdicts of one header field."""

    authserv_id: str
    results: tuple[AuthResult, ...]

    def of(self, method: str) -> tuple[AuthResult, ...]:
        return tuple(one for one in self.results if one.method == method)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader may be told. ``verified``: the From domain is vouched for by an aligned DKIM or SPF pass;
    ``failed``: the provider says DMARC failed; ``known`` False: no trusted server said anything."""

    verified: bool = False
    failed: bool = False
    known: bool = False
    by: str = ""
    domain: str = ""


def parse_results(value: str) -> AuthResults:
    """One field's value; what cannot be read is left out.

    >>> parse_results("mx.example.org; dkim=pass header.d=example.com").results[0].domain
    'example.com'
    """
    text = value[:MAX_CHARS]
    # Comments nest (RFC 5322 §3.2.2); three rounds are more than anyone writes.
    for _ in range(3):
        text, found = _COMMENT.subn(" ", text)
        if not found:
            break
    head, *rest = _split(text)
    authserv_id = head.split()[0].lower().strip('"') if head.split() else ""
    # Seen in practice: the authserv-id left out, the first method in its place (Microsoft's "spf=pass …").
    if "=" in authserv_id:
        authserv_id, rest = "", [head, *rest]
    return AuthResults(authserv_id, tuple(one for one in map(_result, rest) if one is not None))


def _split(text: str) -> list[str]:
    """At semicolons outside of quotes."""
    return re.findall(r'(?:[^;"]|"(?:[^"\\]|\\.)*+"|")+', text) or [""]


def _result(text: str) -> AuthResult | None:
    found = _METHOD.match(text.strip())
    if found is None:
        return None
    method, result = found.group(1).lower(), found.group(2).lower()
    properties = tuple(
        (f"{kind.lower()}.{name.lower()}", value.strip('"')) for kind, name, value in _PROPERTY.findall(text)
    )
    reason = _REASON.search(text)
    return AuthResult(
        method, result, _vouched(method, dict(properties)), properties, reason.group(1).strip('"') if reason else ""
    )


def _vouched(method: str, properties: dict[str, str]) -> str:
    names = {
        "dkim": ("header.d", "header.i"),
        "spf": ("smtp.mailfrom", "smtp.helo"),
        "dmarc": ("header.from",),
    }.get(method, ())
    value = next((properties[name] for name in names if properties.get(name)), "")
    return value.rpartition("@")[2].strip("<>").rstrip(".").lower()


def verified(header_from: str, results: Iterable[str], trusted_authserv_ids: Collection[str]) -> Verdict:
    """What the user's own provider says of the From address. ``results`` are raw values, topmost first.

    Only the topmost field with a trusted id counts, and only what stands above any untrusted one would need no
    removal by the provider (RFC 8601 §5 requires it to remove forged ones, so deeper fields are never looked at).
    """
    trusted = {one.lower().rstrip(".") for one in trusted_authserv_ids}
    domain = header_from.rpartition("@")[2].lower().rstrip(".")
    for value in results:
        found = parse_results(value)
        if found.authserv_id.rstrip(".") not in trusted:
            continue
        failed = any(one.result == "fail" for one in found.of("dmarc"))
        for method in ("dkim", "spf"):
            for one in found.of(method):
                if one.result == "pass" and aligned(domain, one.domain) and not failed:
                    return Verdict(verified=True, known=True, by=method, domain=one.domain)
        if not failed and any(one.result == "pass" and one.domain == domain for one in found.of("dmarc")):
            return Verdict(verified=True, known=True, by="dmarc", domain=domain)
        return Verdict(failed=failed, known=True, domain=domain)
    return Verdict()


def aligned(from_domain: str, other: str) -> bool:
    """Relaxed alignment (RFC 7489 §3.1): the same domain, or one above the other.

    Without the public suffix list only a direct line of domains is taken, and never a bare top-level domain:
    stricter than the RFC, never laxer for registered names.
    """
    if not from_domain or not other or "." not in from_domain or "." not in other:
        return False
    return from_domain == other or from_domain.endswith(f".{other}") or other.endswith(f".{from_domain}")
