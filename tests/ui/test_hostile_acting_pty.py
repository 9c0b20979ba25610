"""The real program on a pseudo-terminal, again over hostile texts only: writing, acting, what is held, what waits.

Each place is waited for by words of its own, so that a key that leads elsewhere fails here
and is not taken for a clean screen.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.store.posting import deliver, message, with_pop
from tests.ui.seed import WORK, inbox_of
from tests.ui.terminal import Terminal, app_environ
from tests.ui.test_hostile_pty import CANARY, EVIL, faults, hostile, leave
from tests.ui.values import NOW
from tuimail.actions import SetFlags, Target
from tuimail.model import Address, EnvelopeId, Flag, Section
from tuimail.paths import Paths
from tuimail.store import Store
from tuimail.wishes import acting

__all__ = ["hostile"]

_EVIL = EVIL.replace("\x00", "").replace("\r", "")
_AT = int(NOW)
_MORE = """
[accounts.work.send]
host = "127.0.0.1"
port = 9
security = "none"
user = "ada"
[accounts.pop]
address = "ada@pop.example"
[accounts.pop.receive]
protocol = "pop3"
host = "127.0.0.1"
port = 9
security = "none"
user = "ada"
password_command = ["/bin/echo", "x"]
"""

LIST, DIALOG, ESC = "↵ open", "╭─ ", "\x1b"
WALK: tuple[tuple[tuple[str, ...], str], ...] = (
    # keys, and what the screen says then
    (("r",), "F5 send"), (("\x02",), "Bcc"), (("\x12",), "─ As plain text"), ((ESC,), "F5 send"), ((ESC,), LIST),
    (("c",), "F5 send"), (("can",), CANARY), (("\r", "can"), "✎ can"), ((ESC, ESC), LIST),
    (("w",), "drafts ─"), (("G", "\r"), "F5 send"), ((ESC,), LIST), (("B",), "─ Bounce"), ((ESC,), LIST),
    (("O",), "3 on the way"), (("i",), DIALOG), ((ESC, "j", "i"), DIALOG), ((ESC, "r"), "Was it sent?"),
    ((ESC, "d"), "─ Cancel"),
    ((ESC, "G", "i"), DIALOG), ((ESC, ESC), LIST),
    (("U",), "Journal · 1 failed"), (("d",), "─ Give up"), ((ESC, ESC), LIST),
    (("T",), "threads by"),
    (("\r",), "▾ ● canary"), ((ESC,), LIST), (("K",), "Muted"), (("T",), "5      "),
    (("V", "can"), "─ Move"), ((ESC,), LIST),
    (("W",), "─ Keywords"), ((ESC,), LIST), (("x", "j", "X", "*"), CANARY),
    ((ESC, "&", "can"), "with can"), ((ESC, ESC), LIST),
    (("e",), "Archived"), (("u",), "Undone"), (("Y", "\x19"), CANARY),
    (("Q",), "r release"), (("\r", "x"), CANARY), (("x",), CANARY), (("r",), "─ Release"), ((ESC, "d"), "─ Delete"),
    ((ESC, ESC, ESC), LIST),
    (("M", "can", "\r", "h"), "M go to mailbox"), (("+",), DIALOG), ((ESC, "\x1b[12~"), "─ Rename"), ((ESC,), CANARY),
)  # fmt: skip


@pytest.fixture
def crowded(hostile: Paths) -> Paths:
    """With people, drafts, an outbox, a journal, saved searches and held attachments, all hostile."""
    with hostile.config_file.open("a") as config:
        config.write(_MORE)
    with Store.open(hostile) as store:
        rows = store.envelopes.window(inbox_of(store), 0, 10).rows
        people = [Address(_EVIL, f"{CANARY}{number}\x1b]0;x\x07@evil.example") for number in range(4)]
        store.people.note(people, wrote_to=True, at=_AT)
        store.drafts.begin(
            WORK, at=_AT, message_id="<d@x>", to=_EVIL, cc=_EVIL, subject=_EVIL, body=_EVIL, references=_EVIL
        )
        for number, state in enumerate(("failed", "unknown", "queued")):
            made = store.outbox.add(
                None, WORK, "ada@example.org", [f"{_EVIL}@x.example"], b"Subject: x\r\n\r\n", f"<{number}@x>",
                at=_AT, not_before=_AT * 2, to=_EVIL, subject=_EVIL,
            )  # fmt: skip
            if state == "failed":
                store.sending.failed(made, _EVIL, [(_EVIL, _EVIL)])
            elif state == "unknown":
                assert store.sending.begin(made)
                assert store.sending.unknown(made, _EVIL)
        acting.set_flag(store, [rows[4].id], Flag.FLAGGED, True, at=_AT)
        (failing,) = store.pending.add([SetFlags(WORK, _target(store, rows[3].id), 0, 0, (CANARY,))], at=_AT)
        store.pending.fail([failing], _EVIL)
        store.state.set("searches", json.dumps([[_EVIL, "canary"]]))
        newest = (rows[0].id, rows[1].id)
        store._database.run("UPDATE envelope SET thread_id = 77 WHERE id IN (?, ?)", newest)
        _hold(store)
    return hostile


def _target(store: Store, envelope_id: EnvelopeId) -> Target:
    found = store.envelopes.envelope(envelope_id)
    assert found is not None
    return Target(found.id, found.mailbox_id, found.uid, found.uid_validity, found.message_id)


def _hold(store: Store) -> None:
    """An attachment whose name, reasons, type and octets are hostile."""
    with_pop(store)
    (held,) = deliver(store, [(b"u", message(1, attachment=_EVIL.encode() * 3))])
    store.quarantine.hold(held, Section("3"), filename=_EVIL, declared_type=_EVIL, size_octets=9)
    for section in ("2", "3"):
        store.quarantine.set_findings(
            held, Section(section), verdict="dangerous", reasons=[_EVIL, _EVIL], real_type=_EVIL, sha256=b"\1" * 32,
            size_octets=400, at=_AT,
        )  # fmt: skip


def walk(paths: Paths, home: Path, width: int, height: int) -> bytes:
    """Everything that the program writes on the way."""
    environ = {**app_environ(home), "XDG_RUNTIME_DIR": str(home), "EDITOR": "/bin/true"}
    argv = [sys.executable, "-m", "tuimail", "--data-dir", str(paths.data), "--config", str(paths.config_file)]
    with Terminal(argv, environ, width=width, height=height) as terminal:
        terminal.read_until(lambda: terminal.shows("all keys") and terminal.shows(CANARY))
        terminal.read_until_quiet(0.3)
        for keys, words in WALK:
            for key in keys:
                terminal.press(key)
                terminal.read_for(0.22 if key == ESC else 0)  # Esc is told from a sequence by silence
                terminal.read_until_quiet(0.04)
            try:
                terminal.read_until(partial(terminal.shows, words), within_s=8)
            except AssertionError as exc:
                raise AssertionError(f"{keys}: {words!r} {exc}") from exc
        assert leave(terminal) == 0, "\n".join(terminal.lines())
        return bytes(terminal.output)


@pytest.mark.pty
def test_no_place_of_writing_and_acting_lets_a_hostile_character_through(crowded: Paths, tmp_path: Path) -> None:
    output = walk(crowded, tmp_path, 120, 36)
    assert faults(output) == []
    assert b"\x1b[38;5;199;7;5m" not in output  # the grammar lets colours through
