"""Private-use characters that carry structure through html2text, and nothing else does.

They are stripped from what a sender wrote before any of ours is put in, so a mail
cannot forge a link, a heading or a quote. None of them ever reaches a reader.
"""

from __future__ import annotations

import re

TEXT = "\uf8a0"
"""What follows on this line is text; before it stands only what html2text wrote."""
BREAK = "\uf8a1"
BOLD_ON, BOLD_OFF = "\uf8a2", "\uf8a3"
ITALIC_ON, ITALIC_OFF = "\uf8a4", "\uf8a5"
CODE_ON, CODE_OFF = "\uf8a6", "\uf8a7"
LINK_ON, LINK_NUMBER_END, LINK_OFF = "\uf8a8", "\uf8a9", "\uf8aa"
SPACE = "\uf8ab"
"""A space that stays one."""
FIXED = "\uf8ac"
"""The lines of this paragraph are laid out: never wrapped."""
HANG = "\uf8ad"
"""This paragraph goes on inside a list item; a digit says how deep."""
AMPERSAND, LESS, GREATER, BACKSLASH = "\uf8b0", "\uf8b1", "\uf8b2", "\uf8b3"

_OURS = re.compile("[\uf8a0-\uf8bf]")
_CARRIED = str.maketrans({"&": AMPERSAND, "<": LESS, ">": GREATER, "\\": BACKSLASH})
_SHOWN = str.maketrans({AMPERSAND: "&", LESS: "<", GREATER: ">", BACKSLASH: "\\", SPACE: " "})


def carried(text: str) -> str:
    """Text of a sender, without any mark, in characters that html2text leaves alone."""
    return _OURS.sub("", text).translate(_CARRIED)


def shown(text: str) -> str:
    """The text again, as a reader sees it; other marks must be gone."""
    return text.translate(_SHOWN)


def without_marks(text: str) -> str:
    """Only what is seen of a carried text: for measuring."""
    return shown(re.sub(f"{LINK_ON}[0-9]*{LINK_NUMBER_END}", "", text)).translate(
        dict.fromkeys(range(0xF8A0, 0xF8C0))
    )
