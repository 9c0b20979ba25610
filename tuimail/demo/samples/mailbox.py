"""The sample mailboxes: which there are, what lies in them, and what arrives later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from tuimail.demo.mailstore import MailStore
from tuimail.demo.samples import (
    arrivals,
    conversations,
    correspondence,
    hostile,
    letters,
    lists,
    newsletters,
    worldwide,
)
from tuimail.demo.samples.builder import Built, Mail, build
from tuimail.demo.samples.people import OWNER, POP_OWNER

OWNER_USER = "ada"
OWNER_ADDRESS = OWNER.address
OWNER_NAME = OWNER.name
POP_USER = "ada.pop"
POP_ADDRESS = POP_OWNER.address

SPECIAL_USE = {
    "Drafts": "\\Drafts",
    "Sent": "\\Sent",
    "Archive": "\\Archive",
    "Junk": "\\Junk",
    "Trash": "\\Trash",
}
ORDINARY = ("Lists/Compilers", "Lists/History", "Lists/Café des sciences", "Projects/Engine", "Someday")
"""`Someday` stays empty."""


def all_mails() -> list[Mail]:
    """Every sample mail of the IMAP account."""
    groups: Iterable[list[Mail]] = (
        conversations.mails(),
        correspondence.mails(),
        letters.mails(),
        lists.mails(),
        newsletters.mails(),
        worldwide.mails(),
        hostile.mails(),
    )
    return [mail for group in groups for mail in group]


def fill(store: MailStore, now: datetime) -> None:
    """Make the mailboxes and put the sample mail into them, oldest first."""
    for name, special_use in SPECIAL_USE.items():
        store.create(name, special_use=special_use)
    for name in ORDINARY:
        store.create(name.replace("/", store.delimiter))
    _put(store, sorted((build(mail, now) for mail in all_mails()), key=_date))


def fill_pop3(store: MailStore, now: datetime) -> None:
    """The INBOX of the POP3 account."""
    _put(store, sorted((build(mail, now) for mail in arrivals.pop3_mails()), key=_date))


def later(now: datetime) -> list[Callable[[datetime], bytes]]:
    """Makers of the messages that arrive while the demo runs, each given the moment of its arrival."""

    def maker(mail: Mail) -> Callable[[datetime], bytes]:
        return lambda arrival: build(mail, arrival).raw

    return [maker(mail) for mail in arrivals.later_mails()]


def _put(store: MailStore, mails: Iterable[Built]) -> None:
    for built in mails:
        store.mailbox(built.mailbox.replace("/", store.delimiter)).append(built.raw, built.flags, built.date)


def _date(built: Built) -> datetime:
    return built.date
