"""A home with a POP3 account whose mail is here: three messages, three attachments."""

from __future__ import annotations

import base64

from tests.cli.conftest import Home
from tuimail.engine.local.describe import describe
from tuimail.model import AccountName, EnvelopeId, Section

POP = AccountName("pop")
CONFIG = """\
[accounts.pop]
address = "ada@example.net"
[accounts.pop.receive]
protocol = "pop3"
host = "127.0.0.1"
port = 1
security = "none"
password_command = ["false"]
"""
HEAD = (
    b"From: Grace Hopper <grace@navy.example>\r\nTo: ada@example.net\r\nSubject: %s\r\n"
    b"Message-ID: <%s@navy.example>\r\nDate: Thu, 5 Nov 2026 09:12:00 +0000\r\nMIME-Version: 1.0\r\n"
)
BYTES = b"MZ\x90\x00" + b"not a program " * 30 + b"\x1b[31m\x07"
MAILS = {
    b"listing": ("listing.pdf", "application/pdf", b"%PDF-1.4 listing"),
    b"invoice": ("invoice.pdf          .exe", "application/pdf", BYTES),
    b"hostile": ("\u202egpj.\x1b[31mexe", "image/jpeg", BYTES),
}


def mail(name: bytes) -> bytes:
    """A message with one attachment."""
    filename, kind, data = MAILS[name]
    escaped = "".join(f"%{octet:02X}" for octet in filename.encode())
    return (
        HEAD % (name, name) + b'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
        b"--=_b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--=_b\r\n"
        + f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
          f"Content-Disposition: attachment; filename*=utf-8''{escaped}\r\n\r\n".encode()
        + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"--=_b--\r\n"
    )  # fmt: skip


def fill(home: Home) -> dict[bytes, EnvelopeId]:
    """Deliver the mails as an engine does, and examine two of them."""
    home.configure(CONFIG)
    with home.store() as store:
        store.accounts.sync_names([(POP, "ada@example.net", "pop3")])
        store.local.open_account(POP)
        batch = []
        with store.local.delivery(POP) as delivery:
            for name in MAILS:
                arriving = delivery.begin(name)
                arriving.write(mail(name))
                batch.append((arriving, describe(arriving.read(), hold=True)))
            found = dict(zip(MAILS, delivery.commit(batch), strict=True))
        examined(home, found[b"listing"], "no finding", ())
        examined(home, found[b"invoice"], "dangerous", ("It is a program \x1b[31m for Windows.", "It says PDF."))
    return found


def examined(home: Home, envelope_id: EnvelopeId, verdict: str, reasons: tuple[str, ...]) -> None:
    """As the engine does after an examination."""
    with home.store() as store:
        store.quarantine.set_findings(
            envelope_id, Section("2"), verdict=verdict, reasons=reasons, real_type="application/x-dosexec",
            sha256=b"\x5f" * 32, size_octets=len(BYTES), at=1_700_000_000,
        )  # fmt: skip
