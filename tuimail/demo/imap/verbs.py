"""The table of verbs: which function answers a command, in which states, and which capability offers it."""

from __future__ import annotations

from collections.abc import Mapping

from tuimail.demo.imap import access, mailboxes, messages
from tuimail.demo.imap.session import State, Verb

_ANY = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
_BEFORE = frozenset({State.NOT_AUTHENTICATED})
_AFTER = frozenset({State.AUTHENTICATED, State.SELECTED})
_SELECTED = frozenset({State.SELECTED})

VERBS: Mapping[str, Verb] = {
    "CAPABILITY": Verb(access.capability, _ANY),
    "NOOP": Verb(access.noop, _ANY),
    "LOGOUT": Verb(access.logout, _ANY),
    "ID": Verb(access.identify, _ANY, "ID"),
    "STARTTLS": Verb(access.start_tls, _BEFORE),
    "LOGIN": Verb(access.login, _BEFORE),
    "AUTHENTICATE": Verb(access.authenticate, _BEFORE),
    "ENABLE": Verb(access.enable, _AFTER, "ENABLE"),
    "NAMESPACE": Verb(access.namespace, _AFTER, "NAMESPACE"),
    "COMPRESS": Verb(access.compress, _AFTER, "COMPRESS=DEFLATE"),
    "LIST": Verb(mailboxes.list_mailboxes, _AFTER),
    "LSUB": Verb(mailboxes.list_subscribed, _AFTER),
    "STATUS": Verb(mailboxes.status, _AFTER),
    "CREATE": Verb(mailboxes.create, _AFTER),
    "DELETE": Verb(mailboxes.delete, _AFTER),
    "RENAME": Verb(mailboxes.rename, _AFTER),
    "SUBSCRIBE": Verb(mailboxes.subscribe, _AFTER),
    "UNSUBSCRIBE": Verb(mailboxes.unsubscribe, _AFTER),
    "APPEND": Verb(mailboxes.append, _AFTER),
    "SELECT": Verb(messages.select, _AFTER),
    "EXAMINE": Verb(messages.select, _AFTER),
    "IDLE": Verb(messages.idle, _AFTER, "IDLE"),
    "NOTIFY": Verb(messages.notify, _AFTER, "NOTIFY"),
    "CHECK": Verb(access.noop, _SELECTED),
    "CLOSE": Verb(messages.close, _SELECTED),
    "UNSELECT": Verb(messages.unselect, _SELECTED, "UNSELECT"),
    "EXPUNGE": Verb(messages.expunge, _SELECTED, takes_uid=True),
    "FETCH": Verb(messages.fetch, _SELECTED, takes_uid=True, renumbers=False),
    "STORE": Verb(messages.store, _SELECTED, takes_uid=True, renumbers=False),
    "SEARCH": Verb(messages.search, _SELECTED, takes_uid=True, renumbers=False),
    "COPY": Verb(messages.copy, _SELECTED, takes_uid=True),
    "MOVE": Verb(messages.move, _SELECTED, "MOVE", takes_uid=True),
}
