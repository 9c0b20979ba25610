"""Held attachments for tests, and a desk that keeps them in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.ui_parts.host import NOW, PDF
from tuimail.errors import MailError, UsageError
from tuimail.model import AccountName, EnvelopeId, Held, HeldState, MailboxId, Section, Verdict
from tuimail.ui.lines.held_lines import Inside

POP = AccountName("pop")
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00 this only begins like a program\r\n\x1b[31m\x07" + bytes(range(256))


def held(envelope_id: int = 1, filename: str = "listing.pdf", **changes: Any) -> Held:
    """One of them; nothing was found in it."""
    made = Held(
        envelope_id=EnvelopeId(envelope_id), section=Section("2"), account=POP, mailbox_id=MailboxId(7),
        state=HeldState.HELD, verdict=Verdict.NO_FINDING, reasons=(), filename=filename,
        declared_type="application/pdf", real_type="application/pdf", size_octets=84_123, sha256="5f" * 32,
        sender="Grace Hopper", subject="Compiler review, Thursday", sort_at=NOW - 3600 * envelope_id,
    )  # fmt: skip
    return replace(made, **changes)


INVOICE = held(
    2, "invoice.pdf                                      .exe", verdict=Verdict.DANGEROUS,
    reasons=(
        "The name hides its true ending: it looks like a PDF, and is a program (.exe).",
        "The bytes are a program for Windows, whatever the name says.",
        "It was sent as application/pdf.",
    ),
    real_type="application/x-dosexec", sender="Accounts", subject="Invoice 2024-1107, overdue",
    size_octets=len(PROGRAM),
)  # fmt: skip
MACROS = held(
    3, "Quartalszahlen 2026.docm", verdict=Verdict.SUSPICIOUS,
    reasons=("It holds macros (vbaProject.bin): programs that run when the document is opened.",),
    declared_type="application/vnd.ms-word.document.macroEnabled.12",
    real_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document", sender="Émile Lefèvre",
    subject="Chiffres du trimestre", size_octets=1_240_000,
)  # fmt: skip
HOSTILE = held(
    4, "[@click=app.quit]\x1b[31mscan_\u202egpj.exe", verdict=None, sha256="", real_type="",
    sender="[b]Mallory[/] \x1b[5m", subject="\u202eblink \x07[/]",
)
SEVERAL = [held(1), INVOICE, MACROS, HOSTILE, held(5, "photos.zip", state=HeldState.RELEASED, decided_at=NOW - 60)]


class FakeHolding:
    """`Holding` in memory; `refuse` makes the next decision fail."""

    def __init__(self, several: list[Held] | None = None) -> None:
        self.held = list(SEVERAL if several is None else several)
        self.refuse: MailError | None = None
        self.looked_into: list[Held] = []

    def all(self) -> list[Held]:
        """All of them."""
        return list(self.held)

    def release(self, held: Held) -> None:
        """Let it go."""
        self._decide(held, HeldState.RELEASED)

    def delete(self, held: Held) -> None:
        """Only a note is left."""
        self._decide(held, HeldState.DELETED)

    def look_into(self, held: Held) -> Inside:
        """The beginning of a program, or of a PDF."""
        self.looked_into.append(held)
        if held.filename.endswith(".docm"):
            return Inside(("word/document.xml", "word/vbaProject.bin", "../../evil\x1b.sh"), b"PK\x03\x04" + PDF)
        return Inside(octets=PROGRAM if held.verdict is Verdict.DANGEROUS else PDF)

    def state_of(self, held: Held) -> HeldState:
        """What became of it."""
        return next(each.state for each in self.held if each.key == held.key)

    def _decide(self, held: Held, state: HeldState) -> None:
        if self.refuse is not None:
            raise self.refuse
        at = next((at for at, each in enumerate(self.held) if each.key == held.key), None)
        if at is None:
            raise UsageError("It is not there.")
        self.held[at] = replace(self.held[at], state=state, decided_at=NOW)
