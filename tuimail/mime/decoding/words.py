"""Encoded words in headers (RFC 2047), the way mail really has them.

Tolerant where mailers are wrong: words inside quotes, spaces inside words, a character
cut over two words, unknown charsets. What must not live here: address syntax beyond
the quoting that a decoded name needs (RFC 5322 3.2.3).
"""

from __future__ import annotations

import re

from tuimail.mime.decoding.charset import CODECS, decode_charset, decode_unnamed, without_surrogates
from tuimail.mime.decoding.transfer import decode_base64

_WORD = r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?="
_WORDS = re.compile(rf"{_WORD}(?:\s*{_WORD})*")
_ONE_WORD = re.compile(_WORD)
_QUOTED_OR_WORDS = re.compile(rf'"(?:[^"\\]|\\.?)*+(?:"|\Z)|{_WORD}(?:\s*{_WORD})*', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_Q_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_NEEDS_QUOTES = re.compile(r'[()<>\[\]:;@\\,."]')
_BREAKS = re.compile(r"[\r\n\0]+")


def decode_header(value: bytes | str) -> str:
    """The text of one unfolded header value: raw octets and encoded words decoded.

    No lone surrogate, NUL, CR or LF comes out: an encoded line break is a space.
    """
    text = decode_unnamed(value) if isinstance(value, bytes) else without_surrogates(value)
    if "=?" in text:
        text = _WORDS.sub(lambda found: decode_words(found.group()), text)
    if "\n" in text or "\r" in text or "\0" in text:
        text = _BREAKS.sub(" ", text)
    return text


def decode_address_header(value: str) -> str:
    """As `decode_header`, and a decoded name stays one name.

    A name with `<`, `@` or a comma in it is put in quotes, so that a name cannot turn
    into an address by being decoded (RFC 2047 section 5, rule 3).
    """
    text = without_surrogates(value)
    if "=?" in text:
        text = _QUOTED_OR_WORDS.sub(_requote, text)
    if "\n" in text or "\r" in text or "\0" in text:
        text = _BREAKS.sub(" ", text)
    return text


def _requote(found: re.Match[str]) -> str:
    text = found.group()
    if text.startswith('"'):
        if "=?" not in text:
            return text
        inner = _ESCAPED.sub(r"\1", text[1:].removesuffix('"'))
        # Encoded words are not allowed here (RFC 2047 5), but several mailers write them.
        return _in_quotes(_WORDS.sub(lambda words: decode_words(words.group()), inner))
    decoded = decode_words(text)
    return _in_quotes(decoded) if _NEEDS_QUOTES.search(decoded) else decoded


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decode_words(text: str) -> str:
    """A run of encoded words with nothing but white space between them, decoded.

    Neighbours of one charset are joined before they are decoded, since some mailers
    cut a character in two.
    """
    decoded: list[str] = []
    waiting = b""
    waiting_charset = ""
    for charset, encoding, payload in _ONE_WORD.findall(text):
        charset = charset.partition("*")[0].lower()  # RFC 2231 5: a language after the charset
        if charset != waiting_charset and waiting:
            decoded.append(_decode(waiting, waiting_charset))
            waiting = b""
        waiting_charset = charset
        waiting += _payload_octets(encoding, payload)
    decoded.append(_decode(waiting, waiting_charset))
    return _BREAKS.sub(" ", "".join(decoded))


def _decode(octets: bytes, charset: str) -> str:
    return decode_charset(octets, charset) if charset in CODECS else decode_unnamed(octets)


def _payload_octets(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return _Q_OCTET.sub(lambda found: bytes.fromhex(found.group(1).decode()), raw.replace(b"_", b" "))
    return decode_base64(raw)
