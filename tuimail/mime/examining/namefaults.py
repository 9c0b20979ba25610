"""What is wrong with the name of an attachment, beyond what `risk` says of its extensions.

None of it can harm us: a name is data here, and `clean.safe_filename` makes the one
that is proposed. It is evidence of what a sender had in mind.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from tuimail.mime.clean import clean_line
from tuimail.mime.examining.kinds import kind_of_extension
from tuimail.mime.examining.verdicts import Finding, Verdict

MAX_NAME_OCTETS = 255
MAX_LOOKED_AT = 4_000

REACHES_OUT = "The name reaches out of its folder with `..`."
WHOLE_PATH = "The name is a whole path; only its last part counts."
ENCODED_PATH = "The name holds a path in an encoded form."
CONTROLS = "The name holds control characters."
LOOKALIKE_MARKS = "The name holds signs that only look like a slash or a dot."
TRAILING = "The name ends in dots or spaces, which Windows leaves out."
LEADING_DASH = "The name begins with a dash, as the options of commands do."
LEADING_DOT = "The name begins with a dot or a tilde; its file would be hidden, or go elsewhere."
DEVICE = "The name is one that Windows keeps for a device."
STREAM = "The name holds a colon, behind which Windows hides another file."
CLASS_ID = "The name ends in a Windows class id, which hides what opens it."
SHELL = "The name holds signs that a command line would obey."
TOO_LONG = "The name is longer than file systems take."
OBEYED = "A file of this name is obeyed by programs where it lies."
NAMELESS = "It has no name."

_SLASH = re.compile(r"[/\\]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LOOKALIKE = re.compile("[\u2044\u2215\u29f5\u29f8\ufe68\uff0f\uff3c\u2024\ufe52\uff0e]")
_WHOLE = re.compile(r"(?i)\A(?:/|\\|~/|[a-z]:|[a-z][a-z0-9+.-]{1,15}:/)")
_ENCODED = re.compile("(?i)%(?:2e|2f|5c|00|25(?:2e|2f|5c))")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)\s*(?:\.|\Z)")
_STREAM = re.compile(r"(?i):\s*(?:[^:.]*\.([^:.]{1,16}))?(?::?\$data)?\Z")
_CLASS_ID = re.compile(r"(?i)\.\{[0-9a-f-]{36}\}\s*\Z")
_SHELL = re.compile(r"\$\(|\$\{|`|\||;|&&")
_OBEYED = frozenset(
    ["autorun.inf", "desktop.ini", ".htaccess", ".bashrc", ".bash_profile", ".profile", ".zshrc", ".xinitrc",
     "authorized_keys", ".ssh", "crontab", "web.config", ".netrc", ".vimrc", ".exrc", ".envrc", ".gitconfig"]
)  # fmt: skip
_LATIN = str.maketrans(
    "авсԁеһіјкморԛѕтԝхуѵαικνορτυχıɑɡ",
    "abcdehijkmopqstwxyvaiknoptuxiag",
)
"""Letters of other scripts as a reader of Latin takes them."""


def name_faults(name: str) -> tuple[Finding, ...]:
    """What is wrong with a name as it came (not cleaned). The extensions' own tricks are told by `risk.doubts`."""
    name = name[:MAX_LOOKED_AT]
    if not name.strip():
        return (Finding(Verdict.NO_FINDING, NAMELESS),)
    last = _SLASH.split(name)[-1]
    found = [
        *_paths(name),
        *_ends(name, last),
        *(sentence for pattern, sentence in ((_CONTROL, CONTROLS), (_SHELL, SHELL)) if pattern.search(name)),
    ]
    if len(name.encode("utf-8", "replace")) > MAX_NAME_OCTETS:
        found.append(TOO_LONG)
    return tuple(Finding(Verdict.SUSPICIOUS, sentence) for sentence in found)


def _paths(name: str) -> list[str]:
    found: list[str] = []
    plain = unquote(unquote(name))
    if ".." in (piece.strip() for piece in _SLASH.split(plain)):
        found.append(REACHES_OUT)
    elif _WHOLE.match(name.strip()) or _SLASH.search(name):
        found.append(WHOLE_PATH)
    if _ENCODED.search(name):
        found.append(ENCODED_PATH)
    if _LOOKALIKE.search(name):
        found.append(LOOKALIKE_MARKS)
    return found


def _ends(name: str, last: str) -> list[str]:
    found: list[str] = []
    shown = clean_line(last, MAX_LOOKED_AT).strip()
    if _CLASS_ID.search(last):
        found.append(CLASS_ID)
    if imitated := _imitated_extension(shown):
        found.append(f"The end of the name only looks like .{imitated}; its letters are of another script.")
    if _DEVICE.match(shown):
        found.append(DEVICE)
    if _hides_a_stream(last):
        found.append(STREAM)
    if shown.lower().rstrip(". ") in _OBEYED:
        found.append(OBEYED)
    if last.startswith("-"):
        found.append(LEADING_DASH)
    elif shown.startswith((".", "~")) and shown.strip(". "):
        found.append(LEADING_DOT)
    if name.rstrip("\r\n") != name.rstrip(". \t\r\n\u00a0"):
        found.append(TRAILING)
    return found


def _hides_a_stream(last: str) -> bool:
    """`a.txt:b.exe` and `a.txt::$DATA`; the colon of `Re: report 10:30.pdf` is nothing."""
    if "$data" in last.lower():
        return True
    found = _STREAM.search(last)
    kind = kind_of_extension(found.group(1)) if found and found.group(1) else None
    return kind is not None and kind.is_program


def _imitated_extension(shown: str) -> str:
    """The extension of a program that the (other) letters of this one look like, or nothing."""
    if shown.isascii():
        return ""
    _, dot, extension = unicodedata.normalize("NFKC", shown).lower().rpartition(".")
    latin = extension.strip().translate(_LATIN)
    if not dot or shown.lower().endswith(f".{latin}"):
        return ""
    kind = kind_of_extension(latin)
    return latin if kind is not None and kind.is_program else ""
