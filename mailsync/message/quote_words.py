"""The words by which mail clients, in the languages they speak, mark quotes, forwards and signatures. Pure data.

Each tuple is an alternative of a regular expression, matched without case; where an entry is more than a word it
is itself a small expression. Right-to-left words are written with escapes, so that this file reads in one direction.
"""

import re

#: "… wrote:", at the end of an attribution line.
WROTE = (
    "wrote", "writes", "said", "schrieb", "geschrieben", "a écrit", "écrit", "escribió", "scrisse", "ha scritto",
    "schreef", "skrev", "kirjoitti", "escreveu", "napisał", "napisała", r"napisał\(a\)", "pisze", "napsal", "napsala",
    "napísal", "írta", "yazdı", "написал", "написала", "пишет", "пише", "έγραψε", "a scris", "rašė", "rakstīja",
    "kirjutas", "đã viết", "menulis", "写道", "寫道", "のメール", "書きました", "작성", "님이",
    "\u05db\u05ea\u05d1", "\u05db\u05ea\u05d1\u05d4", "\u0643\u062a\u0628",
)  # fmt: skip

#: How an attribution line begins: "On …", or a date.
ATTRIBUTION_STARTS = (
    "on", "am", "le", "el", "il", "op", "den", "em", "dnia", "w dniu", "dne", "på", "la", "tarihinde", "vào", "pada",
    "вт", "пн", "ср", "чт", "пт", "сб", "вс", "στις",
)  # fmt: skip

#: The title above a message that was forwarded, or answered from below.
ORIGINAL_MESSAGE = (
    "original message", "forwarded message", "begin forwarded message", "reply message", "message original",
    "urspr(?:ü|ue|u)ngliche nachricht", "weitergeleitete nachricht", "message d'origine", "message transféré",
    "mensaje original", "mensaje reenviado", "messaggio originale", "messaggio inoltrato", "oorspronkelijk bericht",
    "doorgestuurd bericht", "mensagem original", "mensagem encaminhada", "ursprungligt meddelande",
    "oprindelig meddelelse", "opprinnelig melding", "alkuperäinen viesti", "oryginalna wiadomość", "původní zpráva",
    "eredeti üzenet", "orijinal mesaj", "исходное сообщение", "пересылаемое сообщение", "αρχικό μήνυμα",
    "原始邮件", "原始郵件", "転送メッセージ", "元のメッセージ", "원본 메일",
    "\u05d4\u05d5\u05d3\u05e2\u05d4 \u05de\u05e7\u05d5\u05e8\u05d9\u05ea",
    "\u0627\u0644\u0631\u0633\u0627\u0644\u0629 \u0627\u0644\u0623\u0635\u0644\u064a\u0629",
)  # fmt: skip

#: The same without rules around it (Apple Mail).
FORWARD_TITLES = (
    "begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message réexpédié",
    "inicio del mensaje reenviado", "inizio messaggio inoltrato", "begin doorgestuurd bericht",
)  # fmt: skip

#: The first line of the header block that Outlook and phones put above the original.
HEADER_FROM = (
    "from", "von", "de", "da", "van", "od", "från", "fra", "lähettäjä", "от", "от кого", "kimden", "feladó",
    "odesílatel", "από", "发件人", "寄件者", "差出人", "보낸 사람", "\u05de\u05d0\u05ea",
)  # fmt: skip

#: Its further lines.
HEADER_NEXT = (
    "sent", "date", "to", "subject", "cc", "gesendet", "datum", "an", "betreff", "envoyé", "à", "objet", "enviado",
    "fecha", "para", "asunto", "inviato", "data", "a", "oggetto", "verzonden", "aan", "onderwerp", "skickat", "till",
    "ämne", "sendt", "til", "emne", "lähetetty", "wysłano", "do", "temat", "отправлено", "дата", "кому", "тема",
    "gönderme", "kime", "konu", "elküldve", "címzett", "tárgy", "odesláno", "komu", "předmět", "发送时间", "收件人",
    "主题", "寄件日期", "送信日時", "宛先", "件名", "보낸 날짜",
)  # fmt: skip

#: What phones sign with.
PHONE_SIGNATURES = (
    "sent from (?:my|mail for|outlook|yahoo|proton|samsung)", "get outlook for", "von meinem .{0,40}gesendet",
    "gesendet (?:von|mit)", "envoyé de(?:puis)? mon", "enviado desde mi", "inviato da(?:l mio)?",
    "verzonden vanaf mijn", "skickat från min", "enviado do meu", "sendt fra min", "wysłane z",
    "отправлено (?:с|из)", "发自我的", "iphoneから送信", "나의 iphone에서 보냄",
)  # fmt: skip

#: Prefixes of subjects: answers …
REPLY_PREFIXES = (
    "re", "aw", "antw", "antwort", "sv", "odp", "ynt", "vb", "res", "rif", "bls", "atb", "hv", "vá", "ответ", "отв",
    "απ", "σχετ", "回复", "答复", "回覆", "答覆", "返信", "답장", "回應",
    "\u0631\u062f", "\u05d4\u05e9\u05d1", "\u05ea\u05d2\u05d5\u05d1\u05d4",
)  # fmt: skip

#: … and forwards. "vs" is both, in Finnish and in Norwegian: it is taken as an answer.
FORWARD_PREFIXES = (
    "fwd?", "wg", "vl", "ilt", "i̇lt", "tr", "rv", "enc", "pd", "fs", "trs", "doorst", "vidarebefordrat",
    "továbbítás", "пересл", "пер", "πρθ", "转发", "轉寄", "轉發", "転送", "전달",
    "\u05d4\u05d5\u05e2\u05d1\u05e8", "\u0625\u0639\u0627\u062f\u0629 \u062a\u0648\u062c\u064a\u0647",
)  # fmt: skip


def any_of(words: tuple[str, ...]) -> str:
    """An alternative for a regular expression, the longest word first, so that a shorter one cannot hide it."""
    return "|".join(sorted(words, key=len, reverse=True))


def at_start(words: tuple[str, ...], after: str) -> re.Pattern[str]:
    """A pattern for lines that begin with one of the words, then ``after``; without case."""
    return re.compile(rf"^\s*\*?(?:{any_of(words)}){after}", re.I)
