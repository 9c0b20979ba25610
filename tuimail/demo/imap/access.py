"""The verbs before and beside mail: capabilities, login, TLS, compression, ID, ENABLE, NAMESPACE, NOOP, LOGOUT."""

from __future__ import annotations

import base64

from tuimail.demo.accounts import Account, Cancelled, decode_base64
from tuimail.demo.imap.session import Call, Refused, Session, State
from tuimail.demo.imap.syntax import quoted, words


async def capability(session: Session, call: Call) -> str:
    """CAPABILITY."""
    await session.wire.send(f"* CAPABILITY {session.capability_text()}\r\n".encode())
    return "done"


async def noop(session: Session, call: Call) -> str:
    """NOOP and CHECK."""
    return "done"


async def logout(session: Session, call: Call) -> str:
    """LOGOUT."""
    await session.wire.send(f"* BYE until next time\r\n{call.tag} OK logged out\r\n".encode())
    session.state = State.LOGOUT
    return ""


async def start_tls(session: Session, call: Call) -> str:
    """STARTTLS (RFC 3501 6.2.1)."""
    if session.can_start_tls is None or session.wire.secure:
        raise Refused("TLS is not offered", "BAD")
    await session.wire.send(f"{call.tag} OK begin TLS now\r\n".encode())
    await session.can_start_tls()
    return ""


async def login(session: Session, call: Call) -> str:
    """LOGIN."""
    _refuse_clear_text(session)
    account = session.accounts.check(
        call.word(0).value.decode("utf-8", "replace"), call.word(1).value.decode("utf-8", "replace")
    )
    return _entered(session, account)


async def authenticate(session: Session, call: Call) -> str:
    """AUTHENTICATE, with an initial response where SASL-IR is offered (RFC 4959)."""
    _refuse_clear_text(session)
    mechanism = call.word(0).upper
    if f"AUTH={mechanism}" not in session.offered:
        raise Refused("[CANNOT] this mechanism is not offered")
    if len(call.args) > 1 and "SASL-IR" not in session.offered:
        raise Refused("an initial response is not offered", "BAD")

    async def ask(challenge: bytes) -> bytes:
        await session.wire.send(b"+ " + base64.b64encode(challenge) + b"\r\n")
        return decode_base64(await session.wire.line())

    try:
        initial = decode_base64(call.word(1).value) if len(call.args) > 1 else None
        account = await session.accounts.authenticate(mechanism, initial, ask)
    except Cancelled as exc:
        raise Refused("the authentication was cancelled", "BAD") from exc
    return _entered(session, account)


def _refuse_clear_text(session: Session) -> None:
    if session.can_start_tls is not None and not session.wire.secure:
        raise Refused("[PRIVACYREQUIRED] start TLS first")


def _entered(session: Session, account: Account | None) -> str:
    if account is None:
        raise Refused("[AUTHENTICATIONFAILED] the user name or the password is wrong")
    session.enter(account)
    return f"[CAPABILITY {session.capability_text()}] welcome"


async def identify(session: Session, call: Call) -> str:
    """ID (RFC 2971)."""
    await session.wire.send(b'* ID ("name" "tuimail demo" "vendor" "tuimail")\r\n')
    return "done"


async def enable(session: Session, call: Call) -> str:
    """ENABLE (RFC 5161); QRESYNC brings CONDSTORE with it."""
    enabled = []
    for word in words(call.args):
        if word.upper in ("CONDSTORE", "QRESYNC") and word.upper in session.offered:
            enabled.append(word.upper)
            session.condstore = True
            session.qresync |= word.upper == "QRESYNC"
    await session.wire.send((" ".join(["* ENABLED", *enabled]) + "\r\n").encode())
    return "done"


async def namespace(session: Session, call: Call) -> str:
    """NAMESPACE (RFC 2342): one personal namespace without a prefix."""
    await session.wire.send(b'* NAMESPACE (("" ' + quoted(session.mail.store.delimiter.encode()) + b")) NIL NIL\r\n")
    return "done"


async def compress(session: Session, call: Call) -> str:
    """COMPRESS DEFLATE (RFC 4978)."""
    if call.word(0).upper != "DEFLATE" or session.wire.compressed:
        raise Refused("[COMPRESSIONACTIVE] not now")
    await session.wire.send(f"{call.tag} OK compressing from here on\r\n".encode())
    session.wire.start_deflate()
    return ""
