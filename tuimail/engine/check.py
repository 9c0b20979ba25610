"""Whether an account works, found out by really logging in, in plain words."""

from __future__ import annotations

from tuimail.config import AccountConfig, Protocol, Receive, Security, Send
from tuimail.errors import UsageError
from tuimail.net.imap.session import ImapSession
from tuimail.net.pop.session import PopSession
from tuimail.net.smtp.session import CONNECT_S, reach


def check_account(account: AccountConfig, password: str | None) -> list[str]:
    """One sentence for each step that worked.

    Raises the MailError of the first one that did not: Unreachable, TimedOut, Dropped,
    CertificateError, AuthError, ServerRefused; each names the host and what to do.
    """
    if account.receive.protocol is Protocol.MAILDIR:
        return _check_maildir(account)
    if account.receive.protocol is Protocol.POP3:
        return _check_pop3(account.receive, password or "")
    receive = account.receive
    session = ImapSession.connect(receive)
    try:
        said = [f"{receive.host}:{receive.port} answers{_protected(receive.security)}."]
        session.login(receive.user, password or "", auth=receive.auth)
        said.append(f"The login of {receive.user} is accepted.")
        listed = session.list_mailboxes(subscribed_only=receive.subscribed_only)
        said.append(_counted(sum(one.selectable for one in listed)))
        session.logout()
    finally:
        session.close()
    return said


def check_sending(send: Send, password: str | None, *, deadline_s: float | None = None) -> tuple[list[str], int]:
    """One sentence for each step of signing in to send that worked, and the port that answered; nothing is sent.

    Raises as `check_account` does.
    """
    session, port = reach(send, deadline_s=deadline_s or CONNECT_S)
    try:
        said = [f"{send.host}:{port} answers{_protected(send.security)}."]
        if send.user:
            session.login(send.user, password or "", auth=send.auth)
            said.append(f"The login of {send.user} is accepted for sending.")
        if session.size_limit_octets:
            said.append(f"It takes messages of up to {session.size_limit_octets / 1e6:,.0f} MB.")
        session.quit()
    finally:
        session.close()
    return said, port


def _check_pop3(receive: Receive, password: str) -> list[str]:
    """Sign in and look at the drop; nothing is fetched, nothing is deleted."""
    session = PopSession.connect(receive)
    try:
        said = [f"{receive.host}:{receive.port} answers{_protected(receive.security)}."]
        session.login(receive.user, password, auth=receive.auth)
        said.append(f"The login of {receive.user} is accepted.")
        listing = session.listing()
        said.append(_waiting(len(listing.sizes)))
        if listing.uidls is None and listing.sizes:
            said.append("The server has no unique ids (UIDL), so nothing is ever deleted there.")
        session.quit()
    finally:
        session.close()
    return said


def _waiting(messages: int) -> str:
    return {0: "No mail waits there.", 1: "1 message waits there."}.get(messages, f"{messages:,} messages wait there.")


def _check_maildir(account: AccountConfig) -> list[str]:
    path = account.receive.path
    if path is None or not path.is_dir():
        raise UsageError(f"{path} is not a directory.", "Correct `path` in the configuration.")
    return [f"{path} is there."]


def _protected(security: Security) -> str:
    told = {
        Security.TLS: ", protected by TLS",
        Security.STARTTLS: ", protected by STARTTLS",
        Security.NONE: ", without protection",
    }
    return told[security]


def _counted(mailboxes: int) -> str:
    return "It has 1 mailbox." if mailboxes == 1 else f"It has {mailboxes} mailboxes."
