"""Between the account's loop and `net.imap.session`: a session from a configuration, and the list of mailboxes."""

from __future__ import annotations

from tuimail.engine.desk import Desk
from tuimail.errors import AuthError, ProtocolViolation
from tuimail.net.imap.session import ImapSession, Listed
from tuimail.store import Store
from tuimail.store.mailboxes import ListedMailbox


def dial(desk: Desk) -> ImapSession:
    """A session that is logged in, with everything enabled that the server offers.

    Raises ConnectionProblem, CertificateError, AuthError (a typed or found password that
    was refused is forgotten), ServerRefused, ProtocolViolation.
    """
    receive = desk.account.receive
    password = desk.secrets.password(desk.account)
    session = ImapSession.connect(receive)
    try:
        session.login(receive.user, password, auth=receive.auth)
        session.enable_all()
        session.compress()
    except AuthError:
        desk.secrets.forget()
        session.close()
        raise
    except BaseException:
        session.close()
        raise
    return session


def list_mailboxes(session: ImapSession, store: Store, desk: Desk) -> tuple[list[Listed], bool]:
    """What the server has, taken into the store; and whether anything changed there.

    Raises ProtocolViolation for a list without an inbox: believing it would drop everything.
    """
    listed = session.list_mailboxes(subscribed_only=desk.account.receive.subscribed_only)
    if not any(one.name.upper() == "INBOX" for one in listed):
        raise ProtocolViolation("The server's list of mailboxes has no inbox.")
    rows = [ListedMailbox(*one) for one in listed]
    with store.transaction():
        changed = store.mailboxes.apply_listing(desk.name, rows)
    return listed, changed
