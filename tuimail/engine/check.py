"""Whether an account works, found out by really logging in, in plain words."""

from __future__ import annotations

from tuimail.config import AccountConfig, Protocol, Security
from tuimail.errors import UsageError
from tuimail.net.imap import ImapSession


def check_account(account: AccountConfig, password: str | None) -> list[str]:
    """One sentence for each step that worked.

    Raises the MailError of the first one that did not: Unreachable, TimedOut, Dropped,
    CertificateError, AuthError, ServerRefused; each names the host and what to do.
    """
    if account.receive.protocol is Protocol.MAILDIR:
        return _check_maildir(account)
    if account.receive.protocol is not Protocol.IMAP:
        raise UsageError(f"{account.receive.protocol.value.upper()} accounts cannot be tested yet.")
    receive = account.receive
    session = ImapSession.connect(receive)
    try:
        said = [f"{receive.host}:{receive.port} answers{_protected(receive.security)}."]
        session.login(receive.user, password or "")
        said.append(f"The login of {receive.user} is accepted.")
        listed = session.list_mailboxes(subscribed_only=receive.subscribed_only)
        said.append(_counted(sum(one.selectable for one in listed)))
        session.logout()
    finally:
        session.close()
    return said


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
