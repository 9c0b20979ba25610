"""Links of messages: which may be followed, where they really go, and when they lie.

An address is taken apart here the way browsers do it (WHATWG URL), not by urllib: the
two disagree on backslashes, and the difference is where phishing lives.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from tuimail.mime.clean import clean_line
from tuimail.model import Link

MAX_URL_CHARACTERS = 8_192
MAX_LINKS = 2_000
MAX_LABEL_CHARACTERS = 300

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):")
_WEB = re.compile(r"(https?):/{2,}([^/?#]*)(.*)\Z", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":([0-9]{0,5})\Z")
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_BAD_HOST = re.compile(r"[\x00-\x20\"#%/:<>?@\[\\\]^`{|}]")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;]{1,64}@[^\s@<>\"(),:;?&/]{1,253}")

_IN_TEXT = re.compile(r"(?:https?://|mailto:)[^\s<>\"\x00-\x1f\x7f]+", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~|…’”»"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

_LABEL_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_LABEL_HOST = re.compile(r"[^\s/@:?#]+\.[^\s/@:?#.0-9]{2,24}(?:[:/?#]\S*)?\Z")
_NOT_DOMAINS = frozenset(
    ["js", "md", "txt", "html", "htm", "pdf", "py", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "png", "jpg", "jpeg",
     "gif", "zip", "exe", "csv", "xml", "json", "eml", "ics", "mp3", "mp4"]
)  # fmt: skip
_LATIN_LOOKALIKES = frozenset("аеорсухіјѕһԁԛԝӏьгѵԍոսһցοαρνικυιɑɡıℓ")
"""Cyrillic, Greek and Armenian letters that are drawn as Latin ones."""


class Target(NamedTuple):
    """Where a link really goes."""

    url: str
    """Cleaned; http, https or mailto. The host of a web address stands in it as in `host`."""
    host: str
    """In ASCII; the address for mailto."""
    warning: str
    """What is odd about the address itself, else empty."""


def examine(raw: str) -> Target | None:
    """The target of a link; None when it is none that may be followed.

    Only http, https and mailto. A backslash in the address, a control character, an
    impossible host: refused, since programs disagree on where those go.
    """
    url = raw.strip("\x00\t\n\r\x0c\x0b ")
    if "\n" in url or "\t" in url or "\r" in url:
        url = re.sub(r"[\t\n\r]+", "", url)  # WHATWG URL 4.4: removed before anything is read
    if not url or len(url) > MAX_URL_CHARACTERS:
        return None
    scheme = _SCHEME.match(url)
    kind = scheme.group(1).lower() if scheme else ""
    if kind == "mailto":
        return _mail_target(url)
    found = _WEB.match(url) if kind in ("http", "https") else None
    if not found:
        return None
    authority, rest = found.group(2), found.group(3)
    if "\\" in url:
        return None
    userinfo, at, host_port = authority.rpartition("@")
    port = _PORT.search(host_port)
    host = ascii_host(host_port[: port.start()] if port else host_port)
    if not host:
        return None
    written = f"{found.group(1).lower()}://{userinfo}{at}{host}{port.group() if port else ''}{rest}"
    shown = clean_line(written, MAX_URL_CHARACTERS + 300)
    if shown != written:
        return None
    return Target(shown, host, _address_warning(userinfo if at else "", host))


def _mail_target(url: str) -> Target | None:
    shown = clean_line(url, MAX_URL_CHARACTERS + 1)
    address = clean_line(unquote(shown[len("mailto:") :].partition("?")[0]), 320).strip()
    if "\\" in shown or shown != url:
        return None
    return Target(shown, address, "") if address and "\ufffd" not in address else None


def ascii_host(host: str) -> str:
    """The host as DNS is asked for it, punycode for other scripts; empty when it is none."""
    if len(host) > 1_000:
        return ""
    if "%" in host:
        host = unquote(host, errors="replace")
    if host.startswith("[") and host.endswith("]"):
        return host.lower() if re.fullmatch(r"\[[0-9A-Fa-f:.]{2,45}\]", host) else ""
    host = _DOTS.sub(".", unicodedata.normalize("NFKC", host)).lower().rstrip(".")
    host = host.replace("\u00ad", "").replace("\u200b", "")  # UTS 46: ignored
    if not host or len(host) > 253 or _BAD_HOST.search(host) or clean_line(host) != host:
        return ""
    labels: list[str] = []
    for label in host.split("."):
        if not label or len(label) > 63:
            return ""
        labels.append(label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii"))
    return ".".join(labels)


def _address_warning(userinfo: str, host: str) -> str:
    if userinfo:
        return f"The part before the @ is no address: the link goes to {clean_line(host, 100)}."
    if "xn--" in host and _imitates(host):
        return f"The address uses letters that look like others: it is {clean_line(host, 100)}."
    if re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]+", host):
        return f"The link goes to a bare number ({clean_line(host, 100)}), not to a name."
    return ""


def _imitates(host: str) -> bool:
    """True when a label mixes Latin with other scripts, or is made only of Latin's lookalikes."""
    for label in host.split("."):
        if not label.startswith("xn--"):
            continue
        try:
            text = label[4:].encode("ascii").decode("punycode")
        except (UnicodeError, ValueError, OverflowError):
            return True
        letters = [character for character in text if character.isalpha()]
        other = [character for character in letters if not _is_latin(character)]
        if other and (len(other) < len(letters) or all(character in _LATIN_LOOKALIKES for character in other)):
            return True
    return False


def _is_latin(character: str) -> bool:
    return character.isascii() or "LATIN" in unicodedata.name(character, "")


def mismatch(label: str, target: Target) -> str:
    """One sentence when the label names another place than the link goes to, else empty."""
    if target.url[:7].lower() == "mailto:":
        named = _ADDRESS.search(label)
        if named and named.group().lower() != target.host.lower():
            return f"The text says {clean_line(named.group(), 100)}, the mail goes to {clean_line(target.host, 100)}."
        return ""
    named_host = _host_of_label(label)
    if not named_host or _same_site(named_host, target.host):
        return ""
    return f"The text says {clean_line(named_host, 100)}, the link goes to {clean_line(target.host, 100)}."


def _host_of_label(label: str) -> str:
    """The host that a label claims; empty when it claims none."""
    label = label.strip().strip("<>[]()\"'“”‘’ ")[:2_000]
    found = _LABEL_URL.search(label)
    if found:
        text = found.group()
        claimed = text if "://" in text else f"http://{text}"
        claimed = claimed.rstrip(_TRAILING + ")]}>")
    elif _LABEL_HOST.match(label):
        ending = re.split(r"[/:?#]", label, maxsplit=1)[0].rpartition(".")[2].lower()
        if ending in _NOT_DOMAINS:
            return ""
        claimed = f"http://{label}"
    elif (address := _ADDRESS.fullmatch(label)) is not None:
        claimed = f"http://{address.group().rpartition('@')[2]}"
    else:
        return ""
    authority = re.split(r"[/?#\\]", claimed.partition("://")[2].lstrip("/"), maxsplit=1)[0].rpartition("@")[2]
    return ascii_host(_PORT.sub("", authority))


def _same_site(named: str, actual: str) -> bool:
    named = named.removeprefix("www.")
    actual = actual.removeprefix("www.")
    return actual == named or actual.endswith(f".{named}")


@dataclass(slots=True)
class LinkBook:
    """The links of one message, numbered in order; the same target has one number."""

    first: int = 1
    links: list[Link] = field(default_factory=list)
    _by_url: dict[str, int] = field(default_factory=dict)
    _hosts: set[str] = field(default_factory=set)

    def add(self, label: str, target: Target) -> tuple[int, str]:
        """The number and the marker to show after the label: `[3]`, or `[3 host]`.

        The host is shown where it is new in this message, or where the label lies.
        Number 0 and no marker when there are too many links.
        """
        label = clean_line(" ".join(label.split()), MAX_LABEL_CHARACTERS)
        warning = mismatch(label, target) or target.warning
        number = self._by_url.get(target.url, 0)
        if number and not warning:
            return number, f"[{number}]"
        if len(self.links) >= MAX_LINKS:
            return 0, ""
        known = self._by_url.get(f"{target.url}\n{warning}", 0)
        if not known:
            known = self.first + len(self.links)
            self.links.append(Link(known, label, target.url, target.host, warning))
            self._by_url.setdefault(target.url, known)
            self._by_url[f"{target.url}\n{warning}"] = known
        shows_host = bool(warning) or (target.host not in self._hosts and target.host not in label.lower())
        self._hosts.add(target.host)
        return known, f"[{known} {clean_line(target.host, 80)}]" if shows_host else f"[{known}]"


def has_urls(text: str) -> bool:
    """Whether there can be a URL in a text at all: asked once, it spares a look at each line."""
    return ":" in text and ("://" in text or "mailto:" in text.lower())


def find_urls(line: str) -> list[tuple[int, int]]:
    """Start and end of each URL in a line of plain text, without the punctuation around it."""
    if not has_urls(line):
        return []
    return [(found.start(), _trimmed_end(line, found.start(), found.end())) for found in _IN_TEXT.finditer(line)]


def _trimmed_end(line: str, start: int, end: int) -> int:
    """RFC 3986 appendix C: punctuation and unbalanced brackets at the end belong to the sentence."""
    text = line[start:end]
    surplus = {closing: text.count(closing) - text.count(opening) for closing, opening in _BRACKETS.items()}
    while end > start:
        last = line[end - 1]
        if last in _TRAILING:
            end -= 1
        elif surplus.get(last, 0) > 0:
            surplus[last] -= 1
            end -= 1
        else:
            break
    return end
