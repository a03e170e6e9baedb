"""Templates: kept from a draft or written in the settings, put into a draft, removed."""

from dataclasses import dataclass

from accounts.models import User
from mailsync.actions.drafts import add_attachment, clean_name, start_draft
from mailsync.actions.owned import NotYours, own_draft
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.outgoing_html import clean_draft, rename_pictures
from mailsync.message.ready_made import put_at_top, ready_made
from mailsync.models import Draft, DraftAttachment, MailTemplate, TemplateFile
from mailsync.store import attached, blobs, drafts, room, templates

#: The menu of a message lists them all.
_MOST = 200


class NameTaken(CannotDo):
    """Another template is called so; what was asked may be asked again with ``replace``."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """What a template brings into a draft: words whose pictures are files of the draft by now, and all its files."""

    subject: str
    html: str
    files: tuple[DraftAttachment, ...]


@verb
def keep_template(user_id: int, draft_id: int, name: str, *, replace: bool = False) -> MailTemplate:
    """What a draft says, under a name: subject, words and files, without signature and quoted original.

    Raises ``NameTaken``, and ``CannotDo`` where there is nothing to keep.
    """
    draft = own_draft(user_id, draft_id)
    words = ready_made(draft.body, is_html=draft.is_html)
    if not (words or draft.subject or draft.attachments.exists()):
        raise CannotDo("Write something first: a template keeps the subject, the words and the files.", field="body")
    template = _named(user_id, name, None, replace=replace)
    templates.fill_template(template, draft, words)
    return template


@verb
def write_template(user_id: int, template_id: int | None, *, name: str, subject: str, body: str) -> MailTemplate:
    """A template as the settings have it, new without an id. ``body`` is HTML as it was typed or pasted."""
    template = _named(user_id, name, template_id)
    template.subject, template.body = subject, clean_draft(body)
    template.save()
    attached.drop_lost_pictures(template.files, template.body)
    return template


@verb
def remove_template(user_id: int, template_id: int) -> None:
    """Messages that it went into keep its words."""
    _own(user_id, template_id).delete()


@verb
def attach_to_template(
    user_id: int, template_id: int, name: str, content_type: str, data: bytes, *, inline: bool = False
) -> TemplateFile:
    """Add a file; with ``inline`` a picture for the words, which stays if they show it when they are saved.

    Raises ``CannotDo`` over the limits.
    """
    template, name = _own(user_id, template_id), clean_name(name)
    if inline:
        attached.check_picture(content_type)
    room.check_template_file(template, name, len(data))
    cid = drafts.new_content_id() if inline else ""
    return attached.add_file(template.files, blobs.keep_blob(user_id, data), name, content_type, cid)


@verb
def remove_template_file(user_id: int, template_id: int, file_id: int) -> None:
    gone, _ = _own(user_id, template_id).files.filter(pk=file_id).delete()
    if not gone:
        raise NotYours("file")


@verb
def insert_template(user_id: int, draft_id: int, template_id: int) -> Inserted:
    """Give a draft the files of a template; the answer has the words, which go where the writer is.

    Raises ``CannotDo`` when a file does not fit any more.
    """
    return _give(own_draft(user_id, draft_id), _own(user_id, template_id))


@verb
def put_template(user_id: int, draft_id: int, template_id: int) -> Draft:
    """The same with the words at the top, for whoever has no caret; the subject where there is none yet."""
    draft = own_draft(user_id, draft_id)
    given = _give(draft, _own(user_id, template_id))
    body = put_at_top(draft.body, given.html, is_html=draft.is_html)
    return drafts.update_draft(draft, draft.version, {"subject": draft.subject or given.subject, "body": body})


@verb
def start_from_template(user_id: int, template_id: int) -> Draft:
    """A new message that begins with a template and is as untouched as an empty one."""
    template = _own(user_id, template_id)
    draft = start_draft(user_id, subject=template.subject)
    given = _give(draft, template)
    draft.body = put_at_top(draft.body, given.html, is_html=True)
    # Files are no change either: nothing goes to the server before something is written.
    draft.save(update_fields=["body", "store_due_at"])
    return draft


def _give(draft: Draft, template: MailTemplate) -> Inserted:
    files, names = [], {}
    for row in template.files.select_related("blob"):
        room.check_file(draft, row.name, row.blob.size_bytes)
        cid = drafts.new_content_id() if row.content_id else ""
        files.append(add_attachment(draft, row.name, row.content_type, row.blob, cid))
        names[row.content_id] = cid
    return Inserted(template.subject, rename_pictures(clean_draft(template.body), names), tuple(files))


def _own(user_id: int, template_id: int) -> MailTemplate:
    template = MailTemplate.objects.select_for_update().filter(pk=template_id, user=user_id).first()
    if template is None:
        raise NotYours("template")
    return template


def _named(user_id: int, name: str, template_id: int | None, *, replace: bool = False) -> MailTemplate:
    """The template to write to, under its name: the one of that id, the one to replace, or a new one."""
    name = " ".join(name.split())
    if not name:
        raise CannotDo("Give the template a name.", field="name")
    if len(name) > 100:
        raise CannotDo("This name is too long: 100 characters at most.", field="name")
    # One at a time, so that a second click finds the first one's row.
    User.objects.select_for_update().get(pk=user_id)
    mine = MailTemplate.objects.filter(user=user_id)
    template = _own(user_id, template_id) if template_id is not None else None
    other = mine.filter(name__iexact=name).first()
    if other is not None and other != template and not replace:
        raise NameTaken(f"You have a template called “{other.name}” already. Choose another name.", field="name")
    template = template or other
    if template is None and mine.count() >= _MOST:
        raise CannotDo("There are 200 templates already. Remove one first.", field="name")
    template = template or MailTemplate(user_id=user_id)
    template.name = name
    return template
