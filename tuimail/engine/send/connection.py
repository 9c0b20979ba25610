"""Between the sender and `net.smtp.session`: a session that is logged in, its password, the port that answered."""

from __future__ import annotations

from tuimail.config import AccountConfig, AuthKind, is_loopback
from tuimail.engine.desk import Desk, Secrets
from tuimail.errors import AuthError, MailError, UsageError
from tuimail.net.credentials import auth
from tuimail.net.smtp.session import SmtpSession, reach
from tuimail.store import Store


def sending_password(desk: Desk, secrets: Secrets) -> str:
    """The password or access token for sending; the one for receiving where nothing says otherwise.

    Raises AuthError, with `password_missing` when there is none.
    """
    account = desk.account
    assert account.send is not None  # noqa: S101 - the sender looked
    if account.send.auth is AuthKind.OAUTH2:
        return auth.find_password(account, "send", session={})  # a token is good for an hour at most
    return secrets.kept(lambda: _found(desk, account))


def _found(desk: Desk, account: AccountConfig) -> str:
    try:
        return auth.find_password(account, "send", session={})
    except AuthError as exc:
        if not (exc.password_missing and _is_one_login(account)):
            raise
        return desk.secrets.password(account)


class Connection:
    """The session of one account, made when it is needed. Used by one thread, but for `close`."""

    def __init__(self, desk: Desk, secrets: Secrets) -> None:
        self.desk = desk
        self._secrets = secrets
        self._session: SmtpSession | None = None

    def session(self, store: Store) -> tuple[SmtpSession, bool]:
        """A session that is logged in, and whether it has carried a message before. Raises MailError."""
        session = self._session
        if session is not None and session.alive:
            return session, True
        self._session = None
        return self._dialled(store), False

    def _dialled(self, store: Store) -> SmtpSession:
        send = self.desk.account.send
        if send is None:
            raise UsageError(f"The account {self.desk.name} has no server to send through.", "Add one.")
        session, port = reach(send, store.sending.port(self.desk.name, send.host))
        self._session = session
        try:
            if send.user:
                session.login(send.user, sending_password(self.desk, self._secrets), auth=send.auth)
        except AuthError:
            self._secrets.forget()
            self.close()
            raise
        except MailError:
            self.close()
            raise
        store.sending.set_port(self.desk.name, send.host, port)
        return session

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self._session is not None

    def leave(self) -> None:
        """Say goodbye: nobody needs it just now."""
        session, self._session = self._session, None
        if session is not None:
            session.quit()

    def close(self) -> None:
        """Give it up at once. From any thread."""
        session = self._session
        if session is not None:
            session.close()


def _is_one_login(account: AccountConfig) -> bool:
    """Whether receiving and sending plainly take the same login: one user, at one provider."""
    send, receive = account.send, account.receive
    if send is None or send.user != receive.user or receive.auth is AuthKind.OAUTH2:
        return False
    return _provider(send.host) == _provider(receive.host)


def _provider(host: str) -> str:
    """What the hosts of one provider have in common: `imap.example.org` and `smtp.example.org`."""
    if is_loopback(host):
        return "localhost"
    labels = host.rstrip(".").lower().split(".")
    return ".".join(labels[1:]) if len(labels) > 2 else ".".join(labels)
