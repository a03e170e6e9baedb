"""What a folder is for: attributes and names flow in, a role for each folder flows out. Pure.

The server's own word (special use, RFC 6154) counts first; where it gives none for a role, the
folder's name is looked up in the languages that servers and older clients use. Each role is given
to one folder at most, the one highest up and with the best-known name.
"""

import unicodedata
from collections.abc import Sequence

from mailsync.types import RemoteFolder, Role

_BY_ATTRIBUTE = {
    "\\inbox": Role.INBOX,
    "\\all": Role.ALL,
    "\\allmail": Role.ALL,
    "\\archive": Role.ARCHIVE,
    "\\drafts": Role.DRAFTS,
    "\\flagged": Role.FLAGGED,
    "\\starred": Role.FLAGGED,
    "\\important": Role.IMPORTANT,
    "\\junk": Role.JUNK,
    "\\spam": Role.JUNK,
    "\\sent": Role.SENT,
    "\\trash": Role.TRASH,
    "\\snoozed": Role.SNOOZED,
}

# Within a role, earlier names win over later ones.
_NAMES: dict[Role, tuple[str, ...]] = {
    Role.SENT: (
        *("sent", "sent items", "sent mail", "sent messages", "sent-mail", "outbox sent"),
        *("gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten", "postausgang gesendet"),
        *("envoyés", "éléments envoyés", "messages envoyés", "envoyé", "courrier envoyé", "objets envoyés"),
        *("enviados", "elementos enviados", "mensajes enviados", "correo enviado", "enviadas", "itens enviados"),
        *("mensagens enviadas", "posta inviata", "inviata", "inviati", "messaggi inviati", "elementi inviati"),
        *("verzonden", "verzonden items", "verzonden berichten", "verzonden objecten", "skickat", "skickade"),
        *("skickade objekt", "skickade meddelanden", "sendt", "sendte elementer", "sendt post", "sendte meldinger"),
        *("lähetetyt", "lähetetyt viestit", "wysłane", "elementy wysłane", "wiadomości wysłane", "odeslané"),
        *("odeslaná pošta", "odoslané", "odoslaná pošta", "elküldött", "elküldött elemek", "elküldött üzenetek"),
        *("trimise", "mesaje trimise", "изпратени", "отправленные", "исходящие", "надіслані", "відправлені"),
        *("απεσταλμένα", "gönderilmiş öğeler", "gönderilen", "gönderilmiş postalar", "poslano", "poslane poruke"),
        *("išsiųsti", "nosūtītie", "saadetud", "נשלחו", "דואר שנשלח", "المرسلة", "البريد المرسل", "ارسال شده"),
        *(
            "送信済み",
            "送信済みアイテム",
            "送信済みメール",
            "보낸 편지함",
            "보낸메일함",
            "已发送",
            "已发送邮件",
            "已傳送",
        ),
        *("寄件備份", "寄件備份匣", "已寄出", "đã gửi", "thư đã gửi", "terkirim", "สิ่งที่ส่ง", "bidalita", "enviats"),
    ),
    Role.DRAFTS: (
        *("drafts", "draft", "draft messages", "entwürfe", "entwurf", "brouillons", "brouillon", "borradores"),
        *("borrador", "rascunhos", "rascunho", "bozze", "bozza", "concepten", "concept", "utkast", "kladder"),
        *("kladde", "luonnokset", "kopie robocze", "wersje robocze", "szkice", "koncepty", "rozepsané", "rozpísané"),
        *("piszkozatok", "ciorne", "schițe", "чернови", "черновики", "чернетки", "πρόχειρα", "taslaklar", "skice"),
        *("osnutki", "juodraščiai", "melnraksti", "mustandid", "טיוטות", "المسودات", "مسودات", "پیش‌نویس‌ها"),
        *("下書き", "임시보관함", "임시 보관함", "草稿", "草稿箱", "草稿匣", "thư nháp", "bản nháp", "draf", "ร่าง"),
        *("zirriborroak", "esborranys"),
    ),
    Role.TRASH: (
        *("trash", "deleted items", "deleted messages", "deleted", "bin", "wastebasket", "rubbish", "papierkorb"),
        *("gelöscht", "gelöschte objekte", "gelöschte elemente", "gelöschte nachrichten", "corbeille"),
        *("éléments supprimés", "messages supprimés", "supprimés", "papelera", "elementos eliminados", "eliminados"),
        *("papelera de reciclaje", "lixo", "lixeira", "itens excluídos", "itens eliminados", "mensagens excluídas"),
        *("cestino", "posta eliminata", "elementi eliminati", "messaggi eliminati", "prullenbak"),
        *("verwijderde items", "verwijderde berichten", "papperskorgen", "papperskorg", "borttaget"),
        *("borttagna objekt", "papirkurv", "papirkurven", "slettet post", "slettede elementer", "søppelkasse"),
        *("roskakori", "poistetut", "poistetut viestit", "kosz", "elementy usunięte", "usunięte", "koš"),
        *("odstraněná pošta", "odstranené položky", "kôš", "kuka", "lomtár", "törölt elemek", "coș de gunoi"),
        *("coș", "elemente șterse", "кошче", "изтрити", "корзина", "удалённые", "удаленные", "кошик", "видалені"),
        *("κάδος απορριμμάτων", "κάδος", "διαγραμμένα", "çöp kutusu", "silinmiş öğeler", "çöp", "smeće", "koš smeća"),
        *("šiukšliadėžė", "šiukšlės", "miskaste", "prügikast", "אשפה", "פריטים שנמחקו", "المهملات", "سلة المهملات"),
        *(
            "ごみ箱",
            "ゴミ箱",
            "削除済みアイテム",
            "휴지통",
            "지운 편지함",
            "垃圾桶",
            "已删除",
            "已删除邮件",
            "已刪除的郵件",
        ),
        *("thùng rác", "sampah", "ถังขยะ", "zakarrontzia", "paperera"),
    ),
    Role.JUNK: (
        *("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk", "spamverdacht"),
        *("unerwünscht", "werbung", "junk-e-mail", "courrier indésirable", "indésirables", "indésirable"),
        *("pourriel", "correo no deseado", "no deseado", "lixo eletrônico", "lixo eletrónico", "posta indesiderata"),
        *("indesiderata", "ongewenste e-mail", "ongewenste berichten", "skräppost", "skräp", "søppelpost", "uønsket"),
        *("uønsket post", "uønsket e-post", "roskaposti", "wiadomości-śmieci", "wiadomości śmieci", "nevyžádaná pošta"),
        *("nevyžiadaná pošta", "levélszemét", "mesaje nedorite", "нежелана поща", "спам", "нежелательная почта"),
        *("ανεπιθύμητη αλληλογραφία", "ανεπιθύμητα", "gereksiz", "gereksiz e-posta", "istenmeyen", "neželjena pošta"),
        *("neželena pošta", "brukalas", "mēstules", "rämpspost", "דואר זבל", "البريد غير الهام", "هرزنامه"),
        *("迷惑メール", "迷惑メールフォルダ", "스팸", "스팸메일함", "스팸편지함", "정크 메일", "垃圾邮件", "垃圾郵件"),
        *("广告邮件", "thư rác", "จดหมายขยะ", "correu brossa"),
    ),
    Role.SNOOZED: ("snoozed",),
    Role.ARCHIVE: (
        *("archive", "archives", "archived", "archiv", "archivio", "archivo", "arquivo", "archief", "arkiv"),
        *("arkisto", "archiwum", "archív", "archívum", "arhivă", "архив", "архів", "αρχειοθήκη", "arşiv"),
        *("arhiva", "arhiv", "archyvas", "arhīvs", "arhiiv", "ארכיון", "الأرشيف", "アーカイブ", "보관", "보관함"),
        *("存档", "归档", "封存", "lưu trữ", "arsip", "arxiu"),
    ),
}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


_RANK = {_plain(name): (role, rank) for role, names in _NAMES.items() for rank, name in enumerate(names)}


def choose_roles(folders: Sequence[RemoteFolder], *, personal_prefixes: Sequence[str] = ("",)) -> list[Role]:
    """A role for each folder, in the order given.

    ``personal_prefixes``: the user's own namespaces (RFC 2342); others' folders get no role by name.
    """
    roles = [Role.NONE] * len(folders)
    taken: set[Role] = set()
    for index, folder in enumerate(folders):
        role = Role.INBOX if folder.path.upper() == "INBOX" else _by_attributes(folder)
        if role and role not in taken and (role is Role.INBOX or folder.selectable):
            roles[index] = role
            taken.add(role)
    guesses = []
    for index, folder in enumerate(folders):
        if roles[index] or not folder.selectable:
            continue
        guess = _by_name(folder, personal_prefixes)
        if guess is not None and guess[0] not in taken:
            guesses.append((guess[1:], index, guess[0]))
    for _, index, role in sorted(guesses):
        if role not in taken:
            roles[index] = role
            taken.add(role)
    return roles


def _by_attributes(folder: RemoteFolder) -> Role:
    found = (_BY_ATTRIBUTE.get(attribute.lower()) for attribute in folder.attributes)
    return next((role for role in found if role), Role.NONE)


def _by_name(folder: RemoteFolder, prefixes: Sequence[str]) -> tuple[Role, int, int] | None:
    """The role its name speaks of, with rank and length to choose the best by; None if it speaks of none."""
    for prefix in sorted(prefixes, key=len, reverse=True):
        if folder.path.startswith(prefix):
            own = folder.path[len(prefix) :]
            break
    else:
        return None
    parts = own.split(folder.delimiter) if folder.delimiter else [own]
    # Folders under INBOX or [Gmail] are the user's top folders on many servers; deeper ones are theirs to name.
    if len(parts) > 1 and _plain(parts[0]) in ("inbox", "[gmail]", "[google mail]"):
        parts = parts[1:]
    if len(parts) > 1:
        return None
    role, rank = _RANK.get(_plain(parts[-1]), (Role.NONE, 0))
    return (role, rank, len(own)) if role else None
