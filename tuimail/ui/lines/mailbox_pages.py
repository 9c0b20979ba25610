"""What stands in the list while it has no rows: every kind of emptiness says what it is."""

from __future__ import annotations

from tuimail.mime.clean import clean_line
from tuimail.model import Account, AccountStatus, Mailbox, Role
from tuimail.ui.lines.rows import Run, Runs, both_ends, mailbox_label, runs_width
from tuimail.ui.lines.when import counted
from tuimail.ui.lines.wrapping import break_at

_AWAY = (AccountStatus.OFFLINE, AccountStatus.NEEDS_PASSWORD, AccountStatus.FAILED)
_UNREACHABLE = "The server cannot be reached just now."
_R_ASKS = "R tries again and asks for the password."


def mailbox_message(mailbox: Mailbox | None, account: Account | None, fetching: tuple[int, int] | None) -> list[Runs]:
    """Lines for the middle of an empty list: broken, loading, not loaded yet, or truly empty.

    Without a mailbox: how the account is that has none yet.
    """
    if mailbox is None:
        return _account_message(account)
    if mailbox.error:
        return _page("This mailbox cannot be read", [clean_line(mailbox.error, 200), "R looks again."], "error")
    if fetching is not None and fetching[1]:
        return _page("Fetching the first messages…", [f"{counted(fetching[0])} of {counted(fetching[1])}"], "busy")
    if mailbox.synced_at is None and not mailbox.complete:
        return _not_loaded(mailbox, account)
    if mailbox.role is Role.INBOX:
        return _page("Nothing here", ["The inbox is empty. New mail appears by itself."])
    if mailbox.role in (Role.JUNK, Role.TRASH):
        return _page("Nothing here", [f"{mailbox_label(mailbox)} is empty."])
    return _page("Nothing here", ["No messages in this mailbox."])


def view_message(which: str, words: str, *, is_made: bool, of: int) -> list[Runs]:
    """Lines for the middle of a view without rows; `which` and `words` of its spec, made of `of` messages."""
    if not is_made:
        return _page(f"Sorting {counted(of)} messages…", [], "busy")
    if words:
        return _page("Nothing here", ["No message has these words in its sender or subject.", "Esc shows all."])
    empty = {"unread": "Everything is read.", "starred": "No message has a star.", "today": "No mail of today."}
    return _page("Nothing here", [empty.get(which, "No messages here.")])


def _account_message(account: Account | None) -> list[Runs]:
    if account is None:
        return _page("No mailbox", ["There is no account yet: `tuimail account add` sets one up."])
    why = clean_line(account.sentence, 200)
    match account.status:
        case AccountStatus.NEEDS_PASSWORD:
            return _page("Not connected", [why or "The account needs its password.", _R_ASKS], "error")
        case AccountStatus.FAILED:
            return _page("Not connected", [why, "R tries again; `tuimail account test` says more."], "error")
        case AccountStatus.OFFLINE:
            later = "Its mailboxes appear by themselves as soon as the server answers."
            return _page("Not connected", [why or _UNREACHABLE, later], "offline")
        case AccountStatus.ONLINE:
            return _page("No mailbox", ["The server has shown none. R looks again."])
        case _:
            return _page("Connecting…", [clean_line(account.address, 200)], "busy")


def centred(message: list[Runs], width: int) -> list[Runs]:
    """The lines in the middle of a pane, those that are too long broken; each exactly `width` cells."""
    lines: list[Runs] = []
    for runs in message:
        for part in _broken(runs, max(8, width - 4)):
            space = Run(" " * max(0, (width - runs_width(part)) // 2), "text")
            lines.append(both_ends([space, *part], [], width))
    return lines


def _broken(runs: Runs, width: int) -> list[Runs]:
    if len(runs) != 1 or runs_width(runs) <= width:
        return [runs]
    text, role = runs[0]
    parts: list[Runs] = []
    start = 0
    while start < len(text):
        end = break_at(text, start, width)
        parts.append([Run(text[start:end].rstrip(), role)])
        start = end
    return parts


def _not_loaded(mailbox: Mailbox, account: Account | None) -> list[Runs]:
    if account is not None and account.status in _AWAY:
        why = clean_line(account.sentence, 200) or _UNREACHABLE
        needs_password = account.status is AccountStatus.NEEDS_PASSWORD
        later = _R_ASKS if needs_password else "It is filled by itself as soon as the account is online."
        return _page("Not loaded yet", [why, later], "offline")
    if mailbox.server_total == 0:
        return _page("Nothing here", ["No messages in this mailbox."])
    expected = f"{counted(mailbox.server_total)} messages on the server" if mailbox.server_total else ""
    return _page("Fetching the first messages…", [expected] if expected else [], "busy")


def _page(title: str, sentences: list[str], role: str = "strong") -> list[Runs]:
    return [[Run(title, role)], [], *([Run(sentence, "muted")] for sentence in sentences if sentence)]
