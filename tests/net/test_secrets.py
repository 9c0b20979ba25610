"""A unique password is nowhere but on the wire: no log, no error, no repr, no traceback."""

from __future__ import annotations

import base64
import logging
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from tests.fakes.scripted import Fault, FaultProxy
from tests.net.conftest import QUICK, receive_from
from tuimail.demo.imap.capabilities import FULL
from tuimail.demo.server import DemoServer
from tuimail.errors import MailError
from tuimail.net.imap.session import ImapSession

SECRET = "unique-Pa55phrase-8841"


def spellings(user: str) -> list[str]:
    """The password, and how it looks on the wire."""
    return [SECRET, *(base64.b64encode(text.encode()).decode() for text in (SECRET, f"\0{user}\0{SECRET}"))]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize("fault", [None, *Fault], ids=lambda fault: fault.value if fault else "none")
def test_a_login_leaves_no_trace_of_the_password(
    mechanism: str, fault: Fault | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    with (
        DemoServer.start(samples=False, capabilities=FULL, password=SECRET) as server,
        FaultProxy(server.imap_port) as proxy,
    ):
        session = ImapSession.connect(receive_from(proxy.port, user=server.user), log=told.append)
        session._dialogue.limits = QUICK if fault is Fault.SILENCE else session._dialogue.limits
        session.capabilities = frozenset({f"AUTH={mechanism}", "SASL-IR"} if mechanism != "LOGIN" else set())
        for verb in ("AUTHENTICATE", "LOGIN"):
            if fault is not None:
                proxy.spoil(verb, fault)
        try:
            session.login(server.user, SECRET)
            assert fault is None
        except MailError as exc:
            told += [str(exc), repr(exc), exc.advice, repr(exc.__dict__), "".join(traceback.format_exception(exc))]
        for thing in (session, session._dialogue, session._client, session._client._imap, session._dialogue.channel):
            told += [repr(thing), repr(thing.__dict__)]
        session.close()
    captured = capfd.readouterr()
    everything = "\n".join([*told, caplog.text, captured.out, captured.err])
    assert not [text for text in spellings(server.user) if text in everything]


def test_imaplibs_debug_output_stays_off() -> None:
    with DemoServer.start(samples=False) as server:
        session = ImapSession.connect(receive_from(server.imap_port))
        assert session._client._imap.debug == 0
        session.close()


@pytest.mark.parametrize("module", ["tuimail.net.credentials.auth", "tuimail.net.link.tls", "tuimail.net.link.wire"])
def test_the_parts_that_the_command_line_needs_load_no_mail_library(module: str, tmp_path: Path) -> None:
    code = f"import sys, {module}\nprint(sorted({{'imapclient', 'imaplib', 'keyring', 'smtplib'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_session_loads_no_keyring() -> None:
    code = "import sys, tuimail.net.imap.session\nprint('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
