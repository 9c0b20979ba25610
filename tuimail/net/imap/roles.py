"""What a mailbox is for: by the server's word (RFC 6154), else guessed by its name.

Names are compared whole, in the languages that mail programs and providers make them in.
"""

from __future__ import annotations

from collections.abc import Sequence

from tuimail.model import Role

ATTRIBUTES: dict[bytes, Role] = {
    b"\\DRAFTS": Role.DRAFTS, b"\\SENT": Role.SENT, b"\\ARCHIVE": Role.ARCHIVE, b"\\JUNK": Role.JUNK,
    b"\\SPAM": Role.JUNK, b"\\TRASH": Role.TRASH, b"\\ALL": Role.ALL, b"\\ALLMAIL": Role.ALL,
    b"\\FLAGGED": Role.FLAGGED, b"\\STARRED": Role.FLAGGED,
}  # fmt: skip
"""Upper-case attributes of SPECIAL-USE, and of the XLIST that came before it."""

_COMMON_NAMES: dict[Role, str] = {
    Role.DRAFTS: (
        "drafts|draft|entwürfe|brouillons|borradores|bozze|rascunhos|concepten|utkast|kladder|luonnokset"
        "|koncepty|wersje robocze|szkice|piszkozatok|ciorne|taslaklar|черновики|чернетки|πρόχειρα|下書き|草稿|草稿箱"
        "|草稿匣|임시보관함"
    ),
    Role.SENT: (
        "sent|sent items|sent mail|sent messages|gesendet|gesendete objekte|gesendete elemente"
        "|éléments envoyés|envoyés|messages envoyés|enviados|elementos enviados|posta inviata|inviata"
        "|itens enviados|verzonden|verzonden items|skickat|skickade objekt|sendt|sendte elementer|lähetetyt"
        "|odeslané|odeslaná pošta|wysłane|elementy wysłane|elküldött|trimise|gönderilmiş|gönderilmiş öğeler"
        "|отправленные|надіслані|απεσταλμένα|送信済み|送信済みアイテム|送信済みメール|已发送|已发送邮件|寄件備份|보낸편지함"
    ),
    Role.ARCHIVE: (
        "archive|archives|archiv|archivo|archivio|arquivo|archief|arkiv|arkisto|archiwum|archívum|arhivă"
        "|arşiv|архив|архів|アーカイブ|归档|封存|보관함"
    ),
    Role.JUNK: (
        "junk|spam|junk e-mail|junk email|junk mail|bulk mail|spamverdacht|unerwünscht|pourriel"
        "|courrier indésirable|indésirables|correo no deseado|no deseado|posta indesiderata|indesiderata"
        "|lixo eletrônico|ongewenste e-mail|skräppost|uønsket e-post|roskaposti|nevyžádaná pošta|niechciane"
        "|wiadomości-śmieci|levélszemét|önemsiz e-posta|спам|нежелательная почта"
        "|迷惑メール|垃圾邮件|垃圾郵件|스팸편지함"
    ),
    Role.TRASH: (
        "trash|deleted|deleted items|deleted messages|bin|papierkorb|gelöscht|gelöschte objekte"
        "|gelöschte elemente|corbeille|éléments supprimés|papelera|elementos eliminados|cestino"
        "|posta eliminata|lixeira|itens excluídos|prullenbak|verwijderde items|papperskorg|papperskorgen"
        "|borttagna objekt|papirkurv|slettede elementer|roskakori|koš|odstraněná pošta|kosz|elementy usunięte"
        "|kuka|törölt elemek|coș de gunoi|çöp kutusu|silinmiş öğeler|корзина|удаленные|кошик|κάδος|ゴミ箱"
        "|削除済みアイテム|已删除邮件|垃圾桶|刪除的郵件|휴지통"
    ),
}


def role_of(attributes: Sequence[bytes]) -> Role:
    """What the server's attributes say a mailbox is for."""
    for attribute in attributes:
        role = ATTRIBUTES.get(attribute.upper())
        if role is not None:
            return role
    return Role.NONE


def guess_roles(mailboxes: Sequence[tuple[str, str]], taken: set[Role]) -> dict[str, Role]:
    """Roles by common names, for (name, delimiter) without one; a role in `taken` is not given again.

    The mailbox nearest to the root wins; below the second level nothing is guessed.
    """
    by_name = {word: role for role, words in _COMMON_NAMES.items() for word in words.split("|")}
    found: dict[str, Role] = {}
    depth = {name: name.count(delimiter) if delimiter else 0 for name, delimiter in mailboxes}
    left = set(by_name.values()) - taken
    for name, delimiter in sorted(mailboxes, key=lambda item: (depth[item[0]], item[0])):
        leaf = name.rsplit(delimiter, 1)[-1] if delimiter else name
        role = by_name.get(leaf.strip().casefold(), Role.NONE)
        if role in left and depth[name] <= 1:
            found[name] = role
            left.discard(role)
    return found
