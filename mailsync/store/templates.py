"""Templates: listed, and filled from a draft. Database room."""

from dataclasses import dataclass

from django.db.models import Count, Q

from mailsync.message.outgoing_html import cids_in, rename_pictures
from mailsync.models import Draft, MailTemplate, TemplateFile
from mailsync.store.drafts import is_pasted, new_content_id


@dataclass(frozen=True, slots=True)
class Named:
    id: int
    name: str
    subject: str
    files: int


def load_templates(user_id: int) -> list[Named]:
    """By name; one query."""
    rows = MailTemplate.objects.filter(user_id=user_id).annotate(count=Count("files", filter=Q(files__content_id="")))
    found = [Named(*row) for row in rows.values_list("id", "name", "subject", "count")]
    return sorted(found, key=lambda one: one.name.casefold())


def fill_template(template: MailTemplate, draft: Draft, words: str) -> None:
    """The words and files of a draft, in the place of what the template had. Pictures get names of their own."""
    shown = set(cids_in(words))
    fresh = {cid: new_content_id() for cid in shown}
    template.subject, template.body = draft.subject, rename_pictures(words, fresh)
    template.save()
    template.files.all().delete()
    TemplateFile.objects.bulk_create(
        TemplateFile(
            template=template,
            blob_id=row.blob_id,
            name=row.name,
            content_type=row.content_type,
            content_id=fresh.get(row.content_id, ""),
            position=row.position,
        )
        for row in draft.attachments.all()
        # A pasted picture that was deleted again stays behind.
        if row.content_id in shown or not is_pasted(row.content_id)
    )
