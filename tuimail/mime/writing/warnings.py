"""What deserves a second look before a message is sent, in sentences. Pure: whoever asks brings what is known.

What cannot be sent at all is not said here (`compose.refusals`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tuimail.mime.clean import clean_line
from tuimail.mime.writing.answers import FORWARDED, Mine
from tuimail.mime.writing.flowing import SIGNATURE_MARK
from tuimail.mime.writing.typed import entries, folded

MANY = 20
"""So many visible recipients, and each sees the addresses of all."""
MAX_TEXT_CHARACTERS = 100_000

_ATTACHED = re.compile(
    r"\b(?:"
    r"attach(?:ed|ing|ment|ments)?|enclosed|enclosure|see the file"
    r"|anbei|angehängt\w*|anhängen|im anhang|als anhang|anhang|beigefügt\w*|angefügt\w*|beiliegend\w*"
    r"|ci-joint\w*|ci joint\w*|pi[eè]ces? jointes?|en pi[eè]ce jointe|en annexe|en attach[eé]"
    r"|adjunt[oa]s?|adjuntad[oa]s?|en adjunto|archivos? adjuntos?"
    r"|in allegat[oi]|allegat[oiae]|allego|alleghiamo"
    r"|em anexo|anex[oa]s?|anexei|segue anexo"
    r"|bijgevoegd\w*|bijlagen?|in bijlage|bijgaand\w*"
    r"|bifogar|bifogad\w*|bilaga|bilagor|vedlagt\w*|vedlegg\w*|vedh[æe]ftet\w*|liite(?:enä|tiedosto)?|liitteenä"
    r"|w za[łl][aą]czeniu|za[łl][aą]cznik\w*|za[łl][aą]czam|v p[řr][ií]loze|p[řr][ií]loh\w*|csatol\w*|mell[ée]kel\w*"
    r"|во вложении|вложени\w*|прилагаю|прикрепля\w*|у вкладенні|додаю|ekte(?:ki)?|ektedir|ekli"
    r"|συνημμέν\w*|επισυνάπτ\w*"
    r")\b"
    r"|添付|附件|見附件|见附件|첨부|מצורף|מצ״ב|مرفق",
    re.IGNORECASE,
)
_NOT_MEANT = re.compile(
    r"\b(?:no|not|without|ohne|kein\w*|sans|sin|senza|sem|zonder|utan|uten|bez)\s+(?:an?\s+|any\s+)?\w*$", re.IGNORECASE
)
_KNOWN_DOMAINS = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "proton.me",
    "protonmail.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "posteo.de", "mailbox.org", "fastmail.com",
    "orange.fr", "free.fr", "laposte.net", "libero.it", "yandex.ru", "mail.ru", "aol.com", "comcast.net",
)  # fmt: skip


class Warning(NamedTuple):
    """Something to think about before sending."""

    sentence: str
    serious: bool = False
    """Surely a mistake, or one that cannot be taken back."""


class Known(NamedTuple):
    """What is known of the person who writes, and of what is answered."""

    mine: Mine
    """All addresses of the person."""
    domains: Collection[str] = ()
    """Domains, in lower case, that were written to before."""
    account_addresses: Mine | None = None
    """Those of the account that sends."""
    came_to: str = ""
    """The address that the answered message was written to, where it is one of the person's; else empty."""
    list_address: str = ""
    """Of the mailing list that the answered message came from; else empty."""


def warnings(
    *, from_: str, to: str, cc: str, bcc: str, subject: str, body: str, file_count: int, known: Known
) -> list[Warning]:
    """What to think about, the serious first."""
    visible = [entry.address for entry in (*entries(to), *entries(cc)) if entry.address]
    everybody = visible + [entry.address for entry in entries(bcc) if entry.address]
    own = body_of_ones_own(body)
    found = [
        *_about_text(subject, own, body, file_count),
        *_about_recipients(visible, everybody, known),
        *_about_sender(from_, known),
    ]
    return sorted(found, key=lambda warning: not warning.serious)


def body_of_ones_own(body: str) -> str:
    """The text without quotes, without what is forwarded below it, and without the signature."""
    lines: list[str] = []
    for line in body[:MAX_TEXT_CHARACTERS].split("\n"):
        if line in (SIGNATURE_MARK, FORWARDED):
            break
        if not line.startswith(">"):
            lines.append(line)
    return "\n".join(lines)


def speaks_of_attachment(text: str) -> str:
    """The word that promises an attachment, as it was written; empty for none."""
    for found in _ATTACHED.finditer(text):
        if not _NOT_MEANT.search(text[max(found.start() - 30, 0) : found.start()]):
            return found.group()
    return ""


def _about_text(subject: str, own: str, body: str, file_count: int) -> Iterator[Warning]:
    if not subject.strip():
        yield Warning("There is no subject.")
    promised = "" if file_count else speaks_of_attachment(f"{subject}\n{own}")
    if promised:
        yield Warning(f"The text says “{clean_line(promised, 40)}”, and nothing is attached.", serious=True)
    quotes = ">" in body or FORWARDED in body
    written = [line for line in own.split("\n") if line.strip() and not line.rstrip().endswith("wrote:")]
    if not written and not file_count:
        what = "There is nothing in it but what is quoted." if quotes else "There is no text in it."
        yield Warning(what)


def _about_recipients(visible: list[str], everybody: list[str], known: Known) -> Iterator[Warning]:
    if len(set(map(folded, visible))) >= MANY:
        yield Warning(
            f"{len(visible)} people will see each other's address; Bcc keeps them apart.", serious=True
        )
    list_key = folded(known.list_address)
    if known.list_address and any(folded(address) == list_key for address in visible):
        yield Warning(f"This goes to everybody on the list {clean_line(known.list_address, 100)}.")
    if everybody and all(address in known.mine for address in everybody):
        yield Warning("It goes to nobody but yourself.")
    for domain in dict.fromkeys(address.rpartition("@")[2].casefold() for address in everybody):
        yield from _about_domain(domain, known)


def _about_domain(domain: str, known: Known) -> Iterator[Warning]:
    shown = clean_line(domain, 100)
    if "." not in domain and not domain.startswith("[") and domain not in ("localhost", *known.domains):
        yield Warning(f"“{shown}” is no domain of the internet: there is no dot in it.", serious=True)
    elif meant := likely_meant(domain, (*known.domains, *_KNOWN_DOMAINS)):
        yield Warning(f"“{shown}” looks like a slip of the pen for {clean_line(meant, 100)}.", serious=True)


def likely_meant(domain: str, known: Iterable[str]) -> str:
    """The known domain that this one is a near miss of; empty when it is known itself, or far from all."""
    known = list(dict.fromkeys(known))
    if domain in known or len(domain) > 100:
        return ""
    return next((other for other in known if abs(len(other) - len(domain)) < 2 and _is_slip(domain, other)), "")


def _is_slip(domain: str, other: str) -> bool:
    """Whether one letter more, less or other, or two changed about, make one out of the other."""
    if len(other) < 6 or domain[:1].isdigit() != other[:1].isdigit():
        return False
    start = 0
    shortest = min(len(domain), len(other))
    while start < shortest and domain[start] == other[start]:
        start += 1
    left, right = domain[start:], other[start:]
    if left[1:] == right[1:] or left[1:] == right or left == right[1:]:
        # A digit for a digit, as in mx1 and mx2, is another host and no slip.
        return not (left[:1].isdigit() and right[:1].isdigit())
    return left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) >= 2


def _about_sender(from_: str, known: Known) -> Iterator[Warning]:
    found = entries(from_)
    if len(found) != 1 or not found[0].address:
        return
    address = found[0].address
    if address not in known.mine:
        yield Warning(f"{clean_line(address, 100)} is none of your addresses.", serious=True)
    elif known.account_addresses is not None and address not in known.account_addresses:
        yield Warning(f"{clean_line(address, 100)} belongs to another account than the one that sends.", serious=True)
    elif known.came_to and folded(known.came_to) != folded(address):
        yield Warning(f"The message you answer was written to {clean_line(known.came_to, 100)}.")
