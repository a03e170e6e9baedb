"""Mail in many scripts and charsets, right-to-left ones included. A scene in, messages out. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from mailsync.types import Address
from onebox.sample.letters import Letter, SampleMessage, Scene, write


@dataclass(frozen=True, slots=True)
class Foreign:
    """A letter in its own script. ``direction`` is set on the HTML part; None: plain text only."""

    sender: Address
    days_ago: float
    subject: str
    text: str
    charset: str = "utf-8"
    direction: str | None = None
    unread: bool = False


LETTERS: tuple[Foreign, ...] = (
    Foreign(
        Address("田中 健一", "kenichi.tanaka@minato.example"),
        3,
        "港の写真をありがとうございました",
        "ベルク様\n\n先日は潮汐データの件でご丁寧にお返事をいただき、ありがとうございました。\n"
        "送っていただいた港の写真を事務所の壁に飾りました。霧の朝の一枚が特に人気です。\n\n"
        "来月の会議の資料は、金曜日までにお送りいたします。\n\n田中健一\n港湾研究所",
        "iso-2022-jp",
        unread=True,
    ),
    Foreign(
        Address("みなと書店", "info@minato-shoten.example"),
        48,
        "ご注文の本が入荷しました",
        "アンナ様\n\nご注文の『海辺のカフカ』が入荷いたしました。\nご来店を心よりお待ちしております。\n\nみなと書店",
    ),
    Foreign(
        Address("Ελένη Παπαδοπούλου", "eleni@aigaio.example"),
        10,
        "Καλοκαίρι στη Νάξο;",
        "Αγαπητή Άννα,\n\nτο σπίτι στη Νάξο είναι ελεύθερο τον Ιούνιο. Η θάλασσα είναι ακόμα δροσερή, αλλά δεν υπάρχει"
        " κανείς και τα σύκα είναι δικά μας.\n\nΠες μου αν έρχεστε δύο ή τέσσερις.\n\nΦιλιά,\nΕλένη",
        direction="ltr",
    ),
    Foreign(
        Address("Дмитрий Орлов", "d.orlov@parusnik.example"),
        20,
        "Старые карты Балтики",
        "Здравствуйте, Анна!\n\nЯ нашёл в архиве три карты Кильской бухты 1891 года. Глубины указаны в саженях, но"
        " маяки на своих местах. Могу прислать сканы в хорошем качестве, если они нужны для вашей статьи.\n\n"
        "С уважением,\nДмитрий Орлов",
        "koi8-r",
    ),
    Foreign(
        Address("Оксана Шевченко", "oksana@kobzar.example"),
        68,
        "Рецепт борщу",
        "Привіт, Анно!\n\nЯк обіцяла, надсилаю рецепт. Головне — не поспішати з буряком: тушкуй його окремо з краплею"
        " оцту, тоді колір залишиться. І сметана, багато сметани.\n\nОбіймаю,\nОксана",
        direction="ltr",
    ),
    Foreign(
        Address("李娜", "li.na@changjiang.example"),
        13,
        "关于潮汐表接口的问题",
        "安娜，您好！\n\n我们正在测试贵公司的潮汐表接口，发现上海港的时间有一小时的偏差。"
        "是否需要在请求中指定时区？\n\n附上我们的测试结果，期待您的回复。\n\n李娜",
        "gb2312",
    ),
    Foreign(
        Address("陳大文", "taiman@victoria-harbour.example"),
        86,
        "多謝你的導覽",
        "Anna：\n\n上星期在運河划船是我們旅行中最開心的一天。孩子們還在談論那隻跳進船裡的青蛙。\n\n下次來香港，請一定告訴我們！\n\n大文",
        direction="ltr",
    ),
    Foreign(
        Address("สมชาย ใจดี", "somchai@chaophraya.example"),
        29,
        "นัดหมายเรื่องเรือยาว",
        "สวัสดีครับคุณแอนนา\n\nทีมเรือยาวของเราจะไปเยือนเมืองคีลในเดือนมิถุนายน"
        " เราอยากฝึกซ้อมร่วมกับสโมสรของคุณสักสองวัน"
        " สะดวกวันไหนบ้างครับ\n\nด้วยความเคารพ\nสมชาย",
        direction="ltr",
    ),
    Foreign(
        Address("ليلى حداد", "layla.haddad@marfa.example"),
        5,
        "دعوة إلى معرض الصور",
        "عزيزتي آنا،\n\nيسعدني أن أدعوكِ إلى افتتاح معرض «وجوه الميناء» يوم الخميس القادم في الساعة السابعة مساءً."
        " ستجدين صورتكِ مع القارب الأحمر (رقم 14) قرب المدخل.\n\nالعنوان: شارع Hafenstraße 12، الطابق الأول.\n\n"
        "مع أطيب التحيات،\nليلى",
        direction="rtl",
        unread=True,
    ),
    Foreign(
        Address("יעל כהן", "yael@namal.example"),
        16,
        "הספר שהבטחתי",
        "שלום אנה,\n\nמצאתי סוף סוף את הספר על המגדלורים. יש בו פרק שלם על Kiel, עמודים 112–130.\n"
        "אשלח אותו בדואר מחר בבוקר.\n\nלהתראות,\nיעל",
        "windows-1255",
    ),
    Foreign(
        Address("מועדון השיט", "info@shayit.example"),
        102,
        "ברכות לאליפות",
        "חברים יקרים,\n\nתודה על האירוח החם ברגטה. ניצחתם ביושר (בהפרש של 0.4 שניות!), ואנחנו כבר מתאמנים לשנה"
        " הבאה.\n\nהמועדון",
        direction="rtl",
    ),
    Foreign(
        Address("رضا کریمی", "reza@daryacheh.example"),
        175,
        "سؤال دربارهٔ پارو",
        "سلام آنا،\n\nپاروهای کربنی را از کدام سازنده خریدید؟ باشگاه ما در تهران می‌خواهد چهار جفت سفارش"
        " بدهد.\n\nبا احترام،\nرضا",
        direction="rtl",
    ),
    Foreign(
        Address("Jürgen Groß", "juergen.gross@altona.example"),
        37,
        "Grüße vom Großmast – Rückfrage wegen der Führung",
        "Liebe Anna,\n\nder Termin am Übungsschiff ist bestätigt: Samstag, 11 Uhr, Brücke 10. Für die Schüler kostet es"
        " 4 €, für alle anderen 9 €. „Großmast“ hat natürlich wieder niemand buchstabieren können.\n\n"
        "Schöne Grüße\nJürgen",
        "windows-1252",
    ),
    Foreign(
        Address("Camille Laurent", "camille@atelier-laurent.example"),
        46,
        "Les tirages sont prêts",
        "Chère Anna,\n\nles quarante tirages sont prêts. J'ai gardé le brouillard pour la couverture, tu avais"
        " raison.\n"
        "Passe à l'atelier quand tu veux, il y aura du café et peut-être un gâteau raté.\n\nÀ bientôt,\nCamille",
        "iso-8859-15",
    ),
    Foreign(
        Address("Michał Wiśniewski", "michal@zatoka.example"),
        115,
        "Zaproszenie na rejs po Zatoce Gdańskiej",
        "Cześć Anno,\n\nw sierpniu płyniemy z Gdyni na Hel. Zostały dwie wolne koje. Żółty sztormiak obowiązkowy!\n\n"
        "Pozdrawiam,\nMichał",
        "iso-8859-2",
    ),
    Foreign(
        Address("Zeynep Yıldız", "zeynep@bogaz.example"),
        152,
        "Boğaz'da kürek: günaydın İstanbul",
        "Merhaba Anna,\n\nsabah altıda Boğaz'dayız, çay termosta. Akıntı güçlü ama ışık harika. Ne zaman"
        " geliyorsun?\n\nZeynep",
        "iso-8859-9",
    ),
    Foreign(
        Address("박지훈", "jihun.park@hangang.example"),
        190,
        "한강 조정 대회 안내",
        "안나 님께\n\n10월 한강 조정 대회에 초대합니다."
        " 참가 신청은 8월 말까지이며, 보트는 저희가 준비하겠습니다.\n\n박지훈 드림",
        "euc-kr",
    ),
    Foreign(
        Address("अनन्या शर्मा", "ananya@sagar.example"),
        140,
        "नाव की मरम्मत पर आपका लेख",
        "नमस्ते अन्ना जी,\n\nनाव की मरम्मत पर आपका लेख बहुत उपयोगी लगा। क्या हम उसका हिंदी अनुवाद अपनी पत्रिका"
        " में छाप सकते हैं?\n\nसादर,\nअनन्या",
        direction="ltr",
    ),
    Foreign(
        Address("🌊 Wellenreiter-Gruppe 🏄", "gruppe@wellen.example"),
        8,
        "🌧️ ➡️ 🌞 Saturday is back on!",
        "Moin zusammen 👋\n\nthe forecast has changed its mind: 🌊🌊🌊 and 14 °C. Meet at the dune at 9:30.\n"
        "👩‍👩‍👧‍👦 Families welcome, 🐕 too.\n\n🤙",
        direction="ltr",
    ),
)


def tell(scene: Scene) -> Iterator[SampleMessage]:
    for number, foreign in enumerate(LETTERS):
        letter = Letter(
            key=f"language {number}",
            sender=foreign.sender,
            to=(scene.owner,),
            date=scene.at(foreign.days_ago, f"{8 + number * 5 % 12:02d}:{number * 17 % 60:02d}"),
            subject=foreign.subject,
            text=foreign.text + "\n",
            html=_page(foreign) if foreign.direction else None,
            charset=foreign.charset,
        )
        folder = "INBOX" if foreign.days_ago < 90 else "Archive"
        yield SampleMessage(folder, () if foreign.unread else ("\\Seen",), letter.date, write(letter))


def _page(foreign: Foreign) -> str:
    blocks = (block.replace("\n", "<br>") for block in escape(foreign.text).split("\n\n"))
    return f'<div dir="{foreign.direction}">' + "".join(f"<p>{block}</p>" for block in blocks) + "</div>\n"
