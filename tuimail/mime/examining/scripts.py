"""Text that is a script or a shortcut, whatever its name and encoding say.

libmagic calls most of them plain text, and none of those in UTF-16 by its kind.
"""

from __future__ import annotations

import re
from typing import Final

LOOKED_AT_OCTETS: Final = 256 * 1024
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")

SHELL: Final = "text/x-shellscript"
POWERSHELL: Final = "application/x-sh"
WINDOWS_SCRIPT: Final = "text/vbscript"
SHORTCUT: Final = "application/internet-shortcut"

_BEGINS: Final = (
    (r"#!\s*/", SHELL),
    (r"@?echo off\b", "text/x-msdos-batch"),
    (r"\[internetshortcut\]", SHORTCUT),
    (r"\[desktop entry\]", "application/x-desktop"),
    (r"\[(?:autorun|\.shellclassinfo)\]", "application/x-ms-shortcut"),
    (r"windows registry editor version|regedit4", "text/x-ms-regedit"),
    (r"<\?php\b", "text/x-php"),
    (r"(?:<\?xml[^>]{0,200}>\s*)?<(?:package|job|component|scriptlet)\b[^>]{0,200}>.{0,2000}<script\b", WINDOWS_SCRIPT),
    (r"(?:<\?xml[^>]{0,200}>\s*)?<(?:pcsettings|librarydescription|persistedquery)\b", SHORTCUT),
    (r"(?:<\?xml[^>]{0,200}>\s*)?<jnlp\b", "application/x-java-jnlp-file"),
)
_HTA: Final = r"<hta:application\b"

_POWERSHELL_TELLS: Final = (
    r"\binvoke-(?:expression|webrequest|command|restmethod)\b", r"\biex\b\s*[(\"'$]", r"\|\s*iex\b",
    r"\bnew-object\b", r"\bdownload(?:string|file|data)\s*\(", r"\bpowershell(?:\.exe)?\b[^\n]{0,80}\s-[a-z]",
    r"\s-enc(?:odedcommand)?\s", r"::frombase64string\b", r"\bset-executionpolicy\b", r"\bstart-process\b",
    r"\bstart-bitstransfer\b", r"\badd-mppreference\b", r"\[system\.(?:reflection|net|io|convert)\b",
)  # fmt: skip
_WINDOWS_TELLS: Final = (
    r"\bcreateobject\s*\(", r"\bnew\s+activexobject\b", r"\bwscript\.", r"\bshell\.application\b",
    r"\b(?:msxml2|microsoft)\.(?:server)?xmlhttp\b", r"\badodb\.stream\b", r"\bscripting\.filesystemobject\b",
    r"\bon error resume next\b", r"\bgetobject\s*\(\s*[\"']winmgmts", r"\bstring\.fromcharcode\b",
    r"\beval\s*\(", r"\bexecute(?:global)?\s*\(",
)  # fmt: skip
_ENOUGH: Final = 2
"""One word may be quoted by any letter about scripts."""


def text_of(octets: bytes) -> str:
    """The beginning of a file as text for rules to look at; empty for what is no text."""
    octets = octets[:LOOKED_AT_OCTETS]
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = octets[: len(octets) // 2 * 2].decode("utf-16", "replace")
    elif octets.startswith(b"\xef\xbb\xbf"):
        text = octets[3:].decode("utf-8", "replace")
    elif b"\0" in octets[:512]:
        text = _wide_text(octets)
    else:
        text = octets.decode("utf-8", "replace")
    return "" if _CONTROLS.search(text[:4_096]) else text


def _wide_text(octets: bytes) -> str:
    """UTF-16 without a mark: every other octet of the beginning is NUL."""
    even, odd = octets[:512:2], octets[1:512:2]
    for silent, codec in ((odd, "utf-16-le"), (even, "utf-16-be")):
        if len(silent) > 3 and silent.count(0) > 0.9 * len(silent):
            return octets[: len(octets) // 2 * 2].decode(codec, "replace")
    return "\0"


def script_type(text: str) -> str:
    """The media type of the script or shortcut that a text is; empty for any other text."""
    lower = text.lower().lstrip()
    for pattern, media_type in _BEGINS:
        if re.match(pattern, lower, re.DOTALL):
            return media_type
    if re.search(_HTA, lower):
        return "application/hta"
    if _tells(lower, _POWERSHELL_TELLS) >= _ENOUGH:
        return POWERSHELL
    return WINDOWS_SCRIPT if has_windows_tells(lower) else ""


def has_windows_tells(lower: str) -> bool:
    """Whether a (lower case) text drives Windows by VBScript or JScript."""
    return _tells(lower, _WINDOWS_TELLS) >= _ENOUGH


def _tells(lower: str, patterns: tuple[str, ...]) -> int:
    return sum(re.search(pattern, lower) is not None for pattern in patterns)
