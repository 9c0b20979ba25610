"""The real program on a pseudo-terminal, over a store in which every text is hostile.

`run_test` sees neither escape sequences nor lone surrogates; a terminal does. So the raw
octets are read with a strict grammar: what Textual itself sends, and printable text.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.ui.seed import LISTING, WORK, inbox_of
from tests.ui.terminal import Terminal
from tests.ui.values import NOW
from tuimail.mime.reading.readable import to_json
from tuimail.model import AccountStatus, BodyState, Flag, Link, ReadableText, Role, Span, TextLine
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.store.envelopes import Incoming
from tuimail.store.mailboxes import ListedMailbox

CANARY = "canary"
EVIL = (
    f"{CANARY}\x1b]0;PWNED\x07\x1b]52;c;cHduZWQ=\x07\x1b[38;5;199;7;5m\x9b31m\x9d0;PWNED\x9c\x07\x08\x0e\x7f\x00\r"
    "\u202eevil\u202c\u2066x\u2069\u200b\u200d\ufeff\u00ad\U000e0041\u2028"
    "[/] [@click=app.quit]click[/] [link=https://evil.example]l[/link] \\[x] a\u0301\u0302\u0303" + "\u0304" * 40
)
"""Everything but a lone surrogate, which SQLite does not store; JSON does."""
EVIL_TEXT = EVIL.replace("\x00", "") + "SURROGATES"

_ALLOWED = re.compile(
    r"\x1b\[(?:"
    r"[0-9;]*[mHJKA-D]"  # colours, positions
    r"|\?[0-9;]*[hl]"  # modes of the terminal
    r"|\?(?:2026|2048)\$p"  # what can it do
    r"|[<>]\d*u"  # kitty's keyboard
    r")|\x1b\]22;[a-z-]+\x07|\r\n|\r|\n"  # OSC 22: the shape of the mouse pointer
)


def faults(output: bytes) -> list[str]:
    """Everything in the output that is neither a sequence of Textual's nor printable text."""
    text = output.decode("utf-8", "strict")
    found = []
    for piece in _ALLOWED.split(text):
        found += [
            f"{unicodedata.name(char, repr(char))} in {piece!r}"
            for char in piece or ""
            if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co") or char in "\u3164\u2800"
        ]
    return found


def test_the_grammar_finds_what_it_must_find() -> None:
    assert faults(b"\x1b[31mplain\x1b[0m\r\n") == []
    for evil in ("\x1b]0;x\x07", "\x9b31m", "\u202e", "\u200b", "\x07", "\x1b[5n", "\x1bc"):
        assert faults(evil.encode()) != [], evil


@pytest.fixture
def hostile(tmp_path: Path) -> Paths:
    """A store in which every text column holds the canary, and a configuration that goes nowhere."""
    config = tmp_path / "config.toml"
    config.write_text(
        '[accounts.work]\naddress = "ada@example.org"\n[accounts.work.receive]\nprotocol = "imap"\n'
        'host = "127.0.0.1"\nport = 9\nsecurity = "none"\nuser = "ada"\npassword_command = ["/bin/echo", "x"]\n'
    )
    runtime = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    paths = Paths.from_environment(runtime, data_dir=str(tmp_path / "data"), config=str(config))
    evil = EVIL.replace("\x00", "")
    with Store.open(paths) as store:
        store.accounts.sync_names([(WORK, "ada@example.org", "imap")])
        store.accounts.set_status(WORK, AccountStatus.FAILED, evil, at=NOW)
        names = (evil, f"Lists/{evil}")
        listing = [*LISTING[:3], *(ListedMailbox(name, "/", Role.NONE, uid_validity=1) for name in names)]
        store.mailboxes.apply_listing(WORK, listing)
        inbox = inbox_of(store)
        store.envelopes.ingest(inbox, [_evil_mail(uid, evil) for uid in range(1, 6)])
        store.mailboxes.set_synced(inbox, NOW)
        broken = store.mailboxes.find(WORK, evil)
        assert broken is not None
        store.mailboxes.set_error(broken.id, evil)
        for row in store.envelopes.window(inbox, 0, 10).rows:
            store.parts.put_text(row.id, "text", to_json(_evil_text()).replace(b"SURROGATES", b"\\ud800\\udfff"))
            store.parts.put(row.id, "HEADER", b"Subject: " + evil.encode() + b"\r\nX-" + evil.encode() + b": y\r\n\r\n")
            store.envelopes.set_body_state(row.id, BodyState.TEXT)
    return paths


def _evil_mail(uid: int, evil: str) -> Incoming:
    name = evil.encode()
    structure = (
        b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 1 NIL NIL NIL NIL)("APPLICATION" "X-EVIL" ("NAME" {%d}\r\n%s) NIL NIL'
        b' "BASE64" 400 NIL ("ATTACHMENT" ("FILENAME" {%d}\r\n%s)) NIL NIL) "MIXED" NIL NIL NIL NIL)'
    ) % (len(name), name, len(name), name)
    return Incoming(
        uid=uid, flags=int(Flag.NONE), keywords=CANARY, modseq=None, received_at=NOW, size_octets=1,
        structure=structure, has_attachments=True, from_=f'"{evil}" <{evil}@evil.example>', sender=evil,
        reply_to=f"<{evil}@x.example>",
        to=f"{evil} <a@b.example>", cc=f"{evil} <c@d.example>", subject=evil, sent_at=NOW + uid, message_id=f"<{evil}>",
        in_reply_to=evil, references=evil, list_id="", thread_id=uid,
    )  # fmt: skip


def _evil_text() -> ReadableText:
    """What no converter of ours would store: nothing in it is clean."""
    kinds = ("text", "heading", "code", "rule", "signature", "note", "text")
    lines = [TextLine(EVIL_TEXT, quote_depth=n % 6, kind=kinds[n % 7], indent_cells=n % 5) for n in range(40)]
    lines.append(TextLine(EVIL_TEXT, spans=(Span(0, 9, "link", 1), Span(3, 500, EVIL_TEXT), Span(7, 2, "bold"))))
    return ReadableText(
        "html", tuple(lines), (Link(1, EVIL_TEXT, "https://evil.example/" + EVIL_TEXT, EVIL_TEXT, EVIL_TEXT),),
        (EVIL_TEXT,), ("plain", "html"),
    )  # fmt: skip


def run(paths: Paths, tmp_path: Path, *keys: str, width: int = 150, height: int = 40) -> Terminal:
    """The real program, these keys one after the other, and `q`."""
    environ = {
        "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "TERM": "xterm-256color", "COLORTERM": "truecolor",
        "LANG": "C.UTF-8", "TZ": "UTC", "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    argv = [sys.executable, "-m", "tuimail", "--data-dir", str(paths.data), "--config", str(paths.config_file)]
    terminal = Terminal(argv, environ, width=width, height=height)
    terminal.read_until(lambda: terminal.shows("all keys"))
    terminal.read_until(lambda: terminal.shows(CANARY))
    for key in keys:
        terminal.press(key)
        if key == "\x1b":
            terminal.read_for(0.25)  # a terminal's Esc is only told from a sequence by the silence after it
        terminal.read_until_quiet(0.15)
    return terminal


def leave(terminal: Terminal) -> int:
    """Esc out of whatever is open, and quit; the exit code."""
    for _ in range(8):
        terminal.press("\x1b")
        terminal.read_for(0.3)
        terminal.press("q")
        if terminal.has_ended(within_s=1.0):
            break
    return terminal.wait()


@pytest.mark.pty
@pytest.mark.parametrize("size", [(150, 40), (60, 20)])
def test_no_screen_lets_a_control_format_or_surrogate_character_through(
    hostile: Paths, tmp_path: Path, size: tuple[int, int]
) -> None:
    keys = (
        "\r", " ", " ", "z", "i", "G", "g", "H", "\x1b", "\r", "o", "\r", "\x1b", "\x1b", "v", "\x1b", "s", "u", "m",
        "x", "x", "m", "u", "\x1b", "S", "\x1b", "A", "\x1b", "\x1b", "h", "G", "k", "\r", "?", "\x1b",
        "\x10", "c", "an", "\x1b", "/", "c", "an", "\r", "j", "i", " in:", "\x1b", "M", "can", "\x1b", "t", "\x1b",
    )  # fmt: skip
    with run(hostile, tmp_path, *keys, width=size[0], height=size[1]) as terminal:
        assert leave(terminal) == 0, "\n".join(terminal.lines())
        output = bytes(terminal.output)
        assert faults(output) == []
        assert b"38;5;199;7;5" not in output
        assert CANARY.encode() in output
        assert output.rstrip().endswith(b"l") or b"\x1b[?1049l" in output[-400:]


@pytest.mark.pty
def test_the_first_frame_is_as_clean_and_is_there_before_textual(hostile: Paths, tmp_path: Path) -> None:
    with run(hostile, tmp_path) as terminal:
        assert leave(terminal) == 0
    with run(hostile, tmp_path, "j", "j") as terminal:
        first = bytes(terminal.output).split(b"\x1b[?1000h")[0]  # Textual begins with the mouse
        assert CANARY.encode() in first
        assert faults(first) == []
        assert leave(terminal) == 0
        assert faults(bytes(terminal.output)) == []
