"""`list --view`, `--sort`, `--threads`: what a view shows, as the screen would."""

from __future__ import annotations

import time

from tuimail.cli.cli import Cli
from tuimail.cli.listed import Listed, chosen_mailboxes, print_listed
from tuimail.model import EnvelopeId
from tuimail.store import Store
from tuimail.store.lists.views import HEAD, Opened, Scope, Sort, ViewSpec, Which

_SCOPES = {
    "inboxes": (Scope.INBOXES, Which.ANY),
    "unread": (Scope.ALL, Which.UNREAD),
    "starred": (Scope.ALL, Which.STARRED),
    "today": (Scope.ALL, Which.TODAY),
}


def list_view(cli: Cli) -> int:
    """Print the first rows of a view."""
    with cli.store() as store:  # says it when there is none
        spec = _spec(cli, store)
        only_looks = spec.has_head and cli.options.limit <= HEAD
        if only_looks:
            _print(cli, store, spec, store.views.head(spec, _midnight(), cli.options.limit))
    if not only_looks:
        with cli.store(write=True) as store:
            opened = Opened(store.views.make(spec, _midnight()))
            try:
                _print(cli, store, spec, opened.ids(0, cli.options.limit))
            finally:
                opened.close()
    return 0


def _spec(cli: Cli, store: Store) -> ViewSpec:
    options = cli.options
    scope, which = _SCOPES.get(options.view, (Scope.MAILBOX, Which.ANY))
    if options.view and options.mailbox is None:
        account = cli.account(options.account).name if options.account else None
        only = tuple(mailbox.id for mailbox in store.mailboxes.all(account)) if account else ()
    else:
        only = tuple(mailbox.id for mailbox in chosen_mailboxes(cli, store))
        scope = Scope.MAILBOX
    return ViewSpec(
        scope, which=which, sort=Sort(options.sort), is_reversed=options.reverse, is_threaded=options.threads, only=only
    )


def _print(cli: Cli, store: Store, spec: ViewSpec, ids: list[EnvelopeId]) -> None:
    rows = store.envelopes.rows(ids)
    known = {mailbox.id: mailbox for mailbox in store.mailboxes.all()}
    if spec.is_threaded:
        rows = store.conversations.closed(rows, store.views.mailboxes(spec))
        rows = [
            row._replace(sender=_people(row.thread.names, row.thread.messages)) if row.thread else row for row in rows
        ]
    listed = [Listed(row, known[row.mailbox_id]) for row in rows if row.mailbox_id in known]
    print_listed(cli, store, listed, several=len(store.views.mailboxes(spec)) > 1)
    if not listed and not cli.out.as_json:
        cli.out.note("No messages here.")


def _people(names: tuple[str, ...], count: int) -> str:
    return f"{', '.join(name or 'me' for name in names)} ({count})"


def _midnight() -> int:
    today = time.localtime()
    return int(time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1)))
