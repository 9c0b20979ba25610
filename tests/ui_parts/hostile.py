"""Names and sentences that a sender or a server might choose to do harm with."""

from __future__ import annotations

HOSTILE = [
    "\x1b]0;owned\x07title.pdf",
    "\x1b]52;c;aGk=\x07clip.pdf",
    "\x9b31mred.pdf",
    "[/]",
    "[@click=app.quit]press[/]",
    "[link='x",
    "[b",
    "a [/b",
    "invoice\u202efdp.exe",
    "a\u200bb\u2066c\u2069.txt",
    "caf\udce9.txt",
    "x" * 300 + ".tar.gz",
    "\u0301" * 200 + ".png",
    "..",
    "../../../etc/passwd",
    "-rf.sh",
    "CON.txt",
    "\n\r\t.txt",
    "会議の予定について" * 40 + ".docx",
    "\U000e0041\U000e0042.pdf",
    "",
]

NEVER = [*(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"),
         "\u202e", "\u2066", "\u2069", "\u200b", "\U000e0041", "\udce9"]  # fmt: skip
"""What must never be on a screen (the lines of `screen_text` are joined by line feeds)."""
