"""Containers inside one part (winmail.dat, uuencode, opaque S/MIME) in, their files as synthetic parts out. Pure."""

from collections.abc import Callable
from dataclasses import replace
from mimetypes import guess_type

from mailsync.message.facts import Part
from mailsync.message.parameters import clean_filename
from mailsync.message.smime import is_opaque_type, signed_content
from mailsync.message.structure import read_structure
from mailsync.message.tnef import read_tnef
from mailsync.message.transfer import decode_transfer
from mailsync.message.uuencode import find_uuencode, unpack_uuencode

_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
#: Bigger containers are left packed: they are shown as the one file they are.
MAX_CONTAINER_BYTES = 64 * 1024 * 1024


def unpack_children(part: Part, raw: bytes, *, is_root: bool = False) -> tuple[Part, ...]:
    """The synthetic parts inside one leaf; () for most leaves, at the cost of a look at its type."""
    if part.end - part.start > MAX_CONTAINER_BYTES:
        return ()
    if part.content_type in _TNEF_TYPES or part.filename.lower() == "winmail.dat":
        return _tnef(part, raw)
    if is_opaque_type(part.content_type, part.filename, is_root=is_root):
        return _smime(part, raw)
    if (
        part.content_type == "text/plain"
        and part.encoding != "base64"
        and raw.find(b"begin", part.start, part.end) >= 0
    ):
        return _uuencode(part, raw)
    return ()


def unpack_one(kind: str, data: bytes, index: int) -> bytes:
    """The bytes of file ``index`` inside the decoded container; b"" when it is not there (any more)."""
    files: list[bytes] = []
    if kind == "tnef":
        files = [one.data for one in read_tnef(data)]
    elif kind == "uuencode":
        files = [one.data for one in unpack_uuencode(data)]
    elif kind == "smime":
        entity, leaves = _signed_leaves(data)
        files = [decode_transfer(entity[one.start : one.end], one.encoding) for one in leaves]
    return files[index] if 0 <= index < len(files) else b""


def _tnef(part: Part, raw: bytes) -> tuple[Part, ...]:
    found = read_tnef(decode_transfer(raw[part.start : part.end], part.encoding))
    return tuple(
        _synthetic(
            part,
            "tnef",
            index,
            one.name,
            one.content_type,
            len(one.data),
            content_id=one.content_id,
            charset="utf-8" if one.is_body else "",
        )
        for index, one in enumerate(found)
    )


def _smime(part: Part, raw: bytes) -> tuple[Part, ...]:
    """The leaves of the entity that was signed; its multiparts are not shown (a body and its files are enough)."""
    _, leaves = _signed_leaves(decode_transfer(raw[part.start : part.end], part.encoding))
    return tuple(
        replace(
            _synthetic(part, "smime", index, one.filename, one.content_type, one.size_bytes, content_id=one.content_id),
            charset=one.charset,
            disposition=one.disposition,
            params=one.params,
        )
        for index, one in enumerate(leaves)
    )


def _signed_leaves(data: bytes) -> tuple[bytes, list[Part]]:
    entity = signed_content(data)
    if not entity:
        return b"", []
    root, _, _ = read_structure(entity)
    return entity, [one for one in root.walk() if not one.children]


def _uuencode(part: Part, raw: bytes) -> tuple[Part, ...]:
    data = decode_transfer(raw[part.start : part.end], part.encoding)
    return tuple(
        _synthetic(part, "uuencode", index, name, "", max(0, (end - start) * 3 // 4))
        for index, (name, start, end) in enumerate(find_uuencode(data))
    )


def _synthetic(
    part: Part,
    kind: str,
    index: int,
    name: str,
    content_type: str,
    size: int,
    *,
    content_id: str = "",
    charset: str = "",
) -> Part:
    filename = clean_filename(name)
    return replace(
        part,
        path=f"{part.path}.{index + 1}",
        content_type=content_type or guess_type(filename)[0] or "application/octet-stream",
        charset=charset,
        disposition="attachment" if filename else "",
        filename=filename,
        content_id=content_id,
        size_bytes=size,
        params={},
        children=(),
        synthetic=kind,
        index=index,
    )


def with_unpacked(part: Part, raw: bytes, note: Callable[[str], None], *, is_root: bool = True) -> Part:
    """The same tree, with what its containers hold as children of the containers."""
    if part.children:
        children = tuple(with_unpacked(child, raw, note, is_root=False) for child in part.children)
        same = all(new is old for new, old in zip(children, part.children, strict=True))
        return part if same else replace(part, children=children)
    children = unpack_children(part, raw, is_root=is_root)
    if not children:
        return part
    note(f"unpacked_{children[0].synthetic}")
    return replace(part, children=children)
