"""THE table of actions: what a person can do, by which keys, and where.

What lives here: the table, its headings, and the six keys of each pane. Named keymaps
and a person's own keys are in `keymaps`, help and `docs/keys.md` in `key_help`. What
must not: Textual (only `bindings` imports it, when it is called), so that `tuimail keys`
prints the table without it.

The id `list.next` is done by the method `action_list_next` of whatever `where`
names: the app for `global`, the main screen for `main`, else that pane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding

GLOBAL, MAIN, LIST, READER, TREE, ATTACHMENTS = "global", "main", "list", "reader", "tree", "attachments"
QUARANTINE, JOURNAL = "quarantine", "journal"
COMPOSER, OUTBOX = "composer", "outbox"
SEARCH = "search"

PANES = (LIST, READER, TREE, ATTACHMENTS)
"""Places that hold the focus. The keys of `main` and `global` work in each of them too."""

SCREENS = (QUARANTINE, JOURNAL, COMPOSER, OUTBOX, SEARCH)
"""Screens of their own, and the composer, which is a place to type. Only the keys of `global` work in them too."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing a person can do."""

    id: str
    """`topic.verb`; what `[ui.keys]` names."""
    keys: str
    """Textual key names, comma separated; the first is the one that is shown. Empty: found in the palette only."""
    description: str
    """One to three words: key bar and palette."""
    help: str
    """A sentence for help and documentation."""
    where: str
    """`global`, `main`, `list`, `reader`, `tree`, `attachments`, or one of `SCREENS`."""

    @property
    def action(self) -> str:
        """The name that Textual runs: `list_next` for the method `action_list_next`."""
        return self.id.replace(".", "_")

    @property
    def topic(self) -> str:
        """The part of the id before the dot: the heading in the help."""
        return self.id.partition(".")[0]


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("app.palette", "ctrl+p,colon", "Find anything", "Find a command, mailbox, message or theme.", GLOBAL),
    ActionSpec("app.find", "slash", "Search", "Search all mail: words, fields, dates, names of attachments.", GLOBAL),
    ActionSpec("app.help", "question_mark,f1", "All keys", "Show every key, with a search.", GLOBAL),
    ActionSpec("app.theme", "t", "Themes", "Choose another theme; each one is shown while you look.", GLOBAL),
    ActionSpec(
        "app.suspend", "ctrl+z", "To the shell", "Leave tuimail in the background; `fg` brings it back.", GLOBAL,
    ),
    ActionSpec("app.quit", "q,ctrl+q", "Quit", "Leave tuimail. Nothing is lost: what waits is sent next time.", GLOBAL),
    ActionSpec("pane.next", "tab", "Next pane", "Move to the next pane.", MAIN),
    ActionSpec("pane.previous", "shift+tab", "Previous pane", "Move to the pane before.", MAIN),
    ActionSpec("pane.back", "escape", "Back", "Stop waiting, clear the selection, or go one pane back.", MAIN),
    ActionSpec("pane.sidebar", "f", "Folders on/off", "Show or hide the folder tree.", MAIN),
    ActionSpec("mailbox.jump", "M", "Go to mailbox", "Jump to a mailbox by a few letters of its name.", MAIN),
    ActionSpec("mailbox.search", "ctrl+g", "Search here", "Search in the mailbox that is shown.", MAIN),
    ActionSpec("mailbox.check", "R", "Check mail", "Look for new mail in every account now.", MAIN),
    ActionSpec("mailbox.next_unread", "right_square_bracket", "Unread anywhere", "The next unread, wherever.", MAIN),
    ActionSpec(
        "mailbox.previous_unread", "left_square_bracket", "Unread before", "The unread one before, wherever.", MAIN
    ),
    ActionSpec("mailbox.journal", "U", "Journal", "See which changes wait, which failed and why, and undo.", MAIN),
    ActionSpec("mailbox.mark_read", "", "Mark all read", "Mark every message of the mailbox as read.", MAIN),
    ActionSpec("mailbox.empty_trash", "", "Empty trash", "Delete what is in the trash for good; asks first.", MAIN),
    ActionSpec("mailbox.quarantine", "Q", "Quarantine", "Look at the attachments that are held back.", MAIN),
    ActionSpec("message.next", "n", "Next message", "Open the next message down the list.", MAIN),
    ActionSpec("message.previous", "p", "Previous message", "Open the message above.", MAIN),
    ActionSpec("message.next_unread", "N", "Next unread", "Open the next unread message.", MAIN),
    ActionSpec("message.star", "s", "Star", "Star the message, or take the star off; all selected ones at once.", MAIN),
    ActionSpec("message.seen", "m", "Read/unread", "Mark as unread or as read; all selected ones at once.", MAIN),
    ActionSpec("message.archive", "e", "Archive", "Move to the archive; all selected ones at once.", MAIN),
    ActionSpec("message.delete", "d", "Delete", "Move to the trash; what is there already goes for good, asked.", MAIN),
    ActionSpec("message.delete_for_good", "D", "Delete for good", "Delete without the trash; asks first.", MAIN),
    ActionSpec("message.junk", "exclamation_mark", "Junk/not junk", "Move to junk mail, or back to the inbox.", MAIN),
    ActionSpec("message.move", "V", "Move", "Move to a mailbox, found by a few letters; it may be a new one.", MAIN),
    ActionSpec("message.copy", "C", "Copy", "Copy to a mailbox, found by a few letters; it may be a new one.", MAIN),
    ActionSpec("message.keywords", "W", "Keywords", "Give keywords to messages, or take them off.", MAIN),
    ActionSpec("message.thread", "ctrl+t", "Select thread", "Select all of the conversation that is here.", MAIN),
    ActionSpec("message.archive_thread", "", "Archive thread", "Archive the whole conversation.", MAIN),
    ActionSpec("message.delete_thread", "", "Delete thread", "Move the whole conversation to the trash.", MAIN),
    ActionSpec("message.move_thread", "", "Move thread", "Move the whole conversation to a mailbox.", MAIN),
    ActionSpec(
        "message.mute", "K", "Mute thread", "New messages of the conversation come in read, until you press it again.",
        MAIN,
    ),
    ActionSpec("message.undo", "u", "Undo", "Take the last change back, also after the server did it.", MAIN),
    ActionSpec("writing.new", "c", "Compose", "Write a new message.", MAIN),
    ActionSpec("writing.reply", "r", "Reply", "Answer whoever wrote the message.", MAIN),
    ActionSpec("writing.reply_all", "a", "Reply to all", "Answer everybody who got the message.", MAIN),
    ActionSpec("writing.reply_list", "L", "Reply to list", "Answer the mailing list that the message came by.", MAIN),
    ActionSpec("writing.forward", "F", "Forward", "Pass the message on in a text of yours, with its files.", MAIN),
    ActionSpec("writing.forward_attached", "", "Forward attached", "Pass the whole message on as a file.", MAIN),
    ActionSpec("writing.bounce", "B", "Bounce", "Pass the message on as it is; asks to whom.", MAIN),
    ActionSpec("writing.edit", "E", "Edit as new", "Write a message like this one, or go on with a draft.", MAIN),
    ActionSpec("writing.drafts", "w", "Drafts", "Go on writing: the draft that is open, or one of several.", MAIN),
    ActionSpec("writing.outbox", "O", "Outbox", "See what is on its way, and what could not be sent.", MAIN),
    ActionSpec("reader.on", "space", "Read on", "Read a page further; at the end, open the next unread message.", MAIN),
    ActionSpec(
        "reader.later", "right_parenthesis", "Later message", "The next message of the conversation that is read.", MAIN
    ),
    ActionSpec(
        "reader.earlier", "left_parenthesis", "Earlier message", "The message before, of the same conversation.", MAIN
    ),
    ActionSpec("reader.html", "H", "Plain/HTML", "Switch between the plain and the HTML form of the message.", MAIN),
    ActionSpec("reader.quotes", "z", "Quotes", "Fold or unfold quoted text.", MAIN),
    ActionSpec("reader.links", "o", "Links", "List the links; one opens only after its whole address was shown.", MAIN),
    ActionSpec("reader.headers", "i", "All headers", "Show every header of the message, or only the usual ones.", MAIN),
    ActionSpec("attachments.focus", "v", "Attachments", "Move to the attachments of the message.", MAIN),
    ActionSpec("attachments.save", "S", "Save", "Save the attachment; with several, the one under the cursor.", MAIN),
    ActionSpec("attachments.save_all", "A", "Save all", "Save all attachments into one folder.", MAIN),
    ActionSpec("list.threads", "T", "Threads on/off", "One line for each conversation, or for each message.", MAIN),
    ActionSpec("list.fold", "Z", "Open/close thread", "Show every message of a conversation, or one line.", MAIN),
    ActionSpec("list.sort", "comma", "Sort", "Sort by date, sender, subject, size or unread, either way.", MAIN),
    ActionSpec("list.filter", "ampersand", "Filter", "Show what has the words you type; Esc shows all again.", MAIN),
    ActionSpec("list.date", "semicolon", "Go to date", "Go to a date: 2026-03, monday, 3w.", MAIN),
    ActionSpec("list.density", "Y", "One/two lines", "One line a message, or two with words of its text.", MAIN),
    ActionSpec("list.days", "ctrl+y", "Days on/off", "A heading for each day, in lists that are sorted by date.", MAIN),
    ActionSpec("list.next", "j,down", "Down", "One message down.", LIST),
    ActionSpec("list.previous", "k,up", "Up", "One message up.", LIST),
    ActionSpec("list.half_down", "ctrl+d", "Half page down", "Half a page down.", LIST),
    ActionSpec("list.half_up", "ctrl+u", "Half page up", "Half a page up.", LIST),
    ActionSpec("list.page_down", "ctrl+f,pagedown", "Page down", "A page down.", LIST),
    ActionSpec("list.page_up", "ctrl+b,pageup", "Page up", "A page up.", LIST),
    ActionSpec("list.top", "g,home", "Newest", "The newest message.", LIST),
    ActionSpec("list.bottom", "G,end", "Oldest", "The oldest message.", LIST),
    ActionSpec("list.open", "enter", "Open", "Open the message, or the conversation, in the reader.", LIST),
    ActionSpec("list.into", "l,right", "Go in", "Open a conversation in the list, a message in the reader.", LIST),
    ActionSpec("list.back", "h,left", "Folders", "Go to the folder tree.", LIST),
    ActionSpec("list.select", "x", "Select", "Select the message, or take it out of the selection.", LIST),
    ActionSpec("list.select_range", "X", "Select range", "Select all from the last selected message to here.", LIST),
    ActionSpec("list.select_all", "asterisk", "Select all", "Select all messages of the mailbox, or none.", LIST),
    ActionSpec("reader.down", "j,down", "Down", "One line down.", READER),
    ActionSpec("reader.up", "k,up", "Up", "One line up.", READER),
    ActionSpec("reader.half_down", "ctrl+d", "Half page down", "Half a page down.", READER),
    ActionSpec("reader.half_up", "ctrl+u", "Half page up", "Half a page up.", READER),
    ActionSpec("reader.page_down", "ctrl+f,pagedown", "Page down", "A page down.", READER),
    ActionSpec("reader.page_up", "ctrl+b,pageup,b", "Page up", "A page up.", READER),
    ActionSpec("reader.top", "g,home", "Top", "The top of the message.", READER),
    ActionSpec("reader.bottom", "G,end", "End", "The end of the message.", READER),
    ActionSpec("reader.back", "h,left", "List", "Go back to the list.", READER),
    ActionSpec(
        "reader.select", "x", "Select lines", "Select lines, so that an answer quotes only them; Esc or x ends it.",
        READER,
    ),
    ActionSpec(
        "reader.select_here", "X", "Select from here", "Let the selection begin at the line that you reached.", READER
    ),
    ActionSpec("reader.copy", "y", "Copy lines", "Copy the selected lines into the clipboard.", READER),
    ActionSpec("tree.next", "j,down", "Down", "One mailbox down.", TREE),
    ActionSpec("tree.previous", "k,up", "Up", "One mailbox up.", TREE),
    ActionSpec("tree.page_down", "ctrl+f,pagedown", "Page down", "A page down.", TREE),
    ActionSpec("tree.page_up", "ctrl+b,pageup", "Page up", "A page up.", TREE),
    ActionSpec("tree.top", "g,home", "First", "The first mailbox.", TREE),
    ActionSpec("tree.bottom", "G,end", "Last", "The last mailbox.", TREE),
    ActionSpec("tree.open", "enter", "Open", "Open the mailbox; fold or unfold an account.", TREE),
    ActionSpec("tree.expand", "l,right", "Unfold", "Unfold, or go to the list.", TREE),
    ActionSpec("tree.collapse", "h,left", "Fold", "Fold, or go one level up.", TREE),
    ActionSpec("mailbox.new", "plus,insert", "New mailbox", "Make a mailbox in this account.", TREE),
    ActionSpec("mailbox.rename", "f2,equals_sign", "Rename mailbox", "Give the mailbox another name.", TREE),
    ActionSpec("mailbox.delete", "delete,minus", "Delete mailbox", "Delete the mailbox; asks first.", TREE),
    ActionSpec("mailbox.subscribe", "", "Subscribe", "Subscribe to the mailbox, or no longer.", TREE),
    ActionSpec(
        "attachments.open", "enter", "Save", "Save the attachment under the cursor; review one that is held.",
        ATTACHMENTS,
    ),
    ActionSpec("attachments.next", "j,down,l,right", "Next", "The next attachment.", ATTACHMENTS),
    ActionSpec("attachments.previous", "k,up,h,left", "Previous", "The attachment before.", ATTACHMENTS),
    ActionSpec("quarantine.next", "j,down", "Down", "The next attachment.", QUARANTINE),
    ActionSpec("quarantine.previous", "k,up", "Up", "The attachment before.", QUARANTINE),
    ActionSpec("quarantine.top", "g,home", "First", "The first attachment.", QUARANTINE),
    ActionSpec("quarantine.bottom", "G,end", "Last", "The last attachment.", QUARANTINE),
    ActionSpec("quarantine.look", "enter,l,right", "Look closer", "Give what is known the whole width.", QUARANTINE),
    ActionSpec(
        "quarantine.release", "r", "Release", "Let the attachment go, so that it can be saved; asks first.",
        QUARANTINE,
    ),
    ActionSpec(
        "quarantine.delete", "d,delete", "Delete",
        "Remove the attachment from the stored message, which keeps a note of it; asks first.", QUARANTINE,
    ),
    ActionSpec("quarantine.save", "S,s", "Save", "Save an attachment that was released.", QUARANTINE),
    ActionSpec("quarantine.message", "o", "Its message", "Open the message it came with.", QUARANTINE),
    ActionSpec(
        "quarantine.bytes", "x", "Hex/text", "Show its first octets as hex, as text, or not at all; nothing is run.",
        QUARANTINE,
    ),
    ActionSpec("quarantine.filter", "f", "Other state", "Show held, released, deleted ones, or all.", QUARANTINE),
    ActionSpec("quarantine.verdict", "v", "Other verdict", "Show one verdict only, or every one.", QUARANTINE),
    ActionSpec("quarantine.down", "space,pagedown,ctrl+f", "Details down", "A page of details down.", QUARANTINE),
    ActionSpec("quarantine.up", "b,pageup,ctrl+b", "Details up", "A page of details up.", QUARANTINE),
    ActionSpec("quarantine.back", "escape,h,left,Q", "Back", "Back to the list, then to the mail.", QUARANTINE),
    ActionSpec(
        "composer.send", "f5,ctrl+enter,alt+enter", "Send", "Send the message; for a moment it can be taken back.",
        COMPOSER,
    ),
    ActionSpec("composer.later", "ctrl+l", "Send later", "Send the message at a time that you choose.", COMPOSER),
    ActionSpec("composer.attach", "ctrl+t", "Attach", "Attach a file; pasting its path does it, too.", COMPOSER),
    ActionSpec(
        "composer.message_files", "f6", "Attach from message", "Attach the files of the message in the list.", COMPOSER
    ),
    ActionSpec("composer.copies", "ctrl+b", "Cc and Bcc", "Show or hide the fields for copies.", COMPOSER),
    ActionSpec("composer.editor", "f4,ctrl+o", "Own editor", "Write in your own editor ($VISUAL, $EDITOR).", COMPOSER),
    ActionSpec(
        "composer.markdown", "f9", "Markdown on/off", "Send an HTML form along, made of the text as Markdown.", COMPOSER
    ),
    ActionSpec("composer.preview", "f3,ctrl+r", "Preview", "Look at what the recipients will read.", COMPOSER),
    ActionSpec("composer.save", "f2,ctrl+s", "Save draft", "Save now; it saves itself on every pause, too.", COMPOSER),
    ActionSpec("composer.discard", "f8", "Discard", "Throw the draft away; asks first, u brings it back.", COMPOSER),
    ActionSpec("outbox.next", "j,down", "Down", "One message down.", OUTBOX),
    ActionSpec("outbox.previous", "k,up", "Up", "One message up.", OUTBOX),
    ActionSpec("outbox.top", "g,home", "First", "The first message.", OUTBOX),
    ActionSpec("outbox.bottom", "G,end", "Last", "The last message.", OUTBOX),
    ActionSpec("outbox.edit", "e,enter", "Edit", "Take the message back and write on.", OUTBOX),
    ActionSpec("outbox.send_now", "s", "Send now", "Send it at once, whatever it waits for.", OUTBOX),
    ActionSpec("outbox.cancel", "d,delete", "Cancel", "Do not send it; asks first.", OUTBOX),
    ActionSpec("outbox.resolve", "r", "Was it sent?", "Decide about one of which the server's word was lost.", OUTBOX),
    ActionSpec("outbox.details", "i,space", "Details", "Everything that is known of it.", OUTBOX),
    ActionSpec("outbox.back", "escape,h,left,O", "Back", "Back to the mail.", OUTBOX),
    ActionSpec("journal.next", "j,down", "Down", "One line down.", JOURNAL),
    ActionSpec("journal.previous", "k,up", "Up", "One line up.", JOURNAL),
    ActionSpec("journal.top", "g,home", "First", "The first line.", JOURNAL),
    ActionSpec("journal.bottom", "G,end", "Last", "The last line.", JOURNAL),
    ActionSpec("journal.retry", "r,enter", "Try again", "Try a change again that failed.", JOURNAL),
    ActionSpec("journal.drop", "d,delete", "Give up", "Give a change up: all is as before; asks first.", JOURNAL),
    ActionSpec("journal.undo", "u", "Undo", "Take the last change back.", JOURNAL),
    ActionSpec("journal.back", "escape,h,left,U", "Back", "Back to the mail.", JOURNAL),
    ActionSpec("search.next", "j,down", "Down", "One message down.", SEARCH),
    ActionSpec("search.previous", "k,up", "Up", "One message up.", SEARCH),
    ActionSpec("search.page_down", "ctrl+f,pagedown,space", "Page down", "A page down.", SEARCH),
    ActionSpec("search.page_up", "ctrl+b,pageup,b", "Page up", "A page up.", SEARCH),
    ActionSpec("search.top", "g,home", "First", "The first message.", SEARCH),
    ActionSpec("search.bottom", "G,end", "Last", "The last message that is here.", SEARCH),
    ActionSpec("search.open", "enter,l,right", "Open", "Read the message; Esc comes back to the results.", SEARCH),
    ActionSpec("search.field", "i,shift+tab", "Change", "Back to the field, to look for something else.", SEARCH),
    ActionSpec(
        "search.order", "tab", "Order/complete", "The newest or the best first; in the field, write what is proposed.",
        SEARCH,
    ),
    ActionSpec("search.other", "ctrl+n", "Next proposal", "Propose another word.", SEARCH),
    ActionSpec("search.server", "ctrl+o", "On servers", "Ask the servers for text that is not here.", SEARCH),
    ActionSpec("search.save", "ctrl+s", "Save search", "Keep the search in the folder tree, by a name.", SEARCH),
    ActionSpec("search.select", "x", "Select", "Select the message, or take it out of the selection.", SEARCH),
    ActionSpec("search.select_range", "X", "Select range", "Select all from the last selected one to here.", SEARCH),
    ActionSpec("search.select_all", "asterisk", "Select all", "Select all that the search finds, or none.", SEARCH),
    ActionSpec("search.archive", "e", "Archive", "Move to the archive; all selected ones at once.", SEARCH),
    ActionSpec("search.delete", "d", "Delete", "Move to the trash; what is there goes for good, asked.", SEARCH),
    ActionSpec("search.delete_for_good", "D", "Delete for good", "Delete without the trash; asks first.", SEARCH),
    ActionSpec("search.junk", "exclamation_mark", "Junk/not junk", "Move to junk mail, or back to the inbox.", SEARCH),
    ActionSpec("search.move", "V", "Move", "Move to a mailbox, found by a few letters; it may be a new one.", SEARCH),
    ActionSpec("search.copy", "C", "Copy", "Copy to a mailbox, found by a few letters; it may be a new one.", SEARCH),
    ActionSpec("search.keywords", "W", "Keywords", "Give keywords to messages, or take them off.", SEARCH),
    ActionSpec("search.star", "s", "Star", "Star the message, or unstar it; all selected ones at once.", SEARCH),
    ActionSpec("search.seen", "m", "Read/unread", "Mark as unread or as read; all selected ones at once.", SEARCH),
    ActionSpec("search.mute", "K", "Mute thread", "New messages of its thread come in read, or no longer.", SEARCH),
    ActionSpec(
        "search.thread", "T", "Whole thread", "Show all messages of its conversation, to act on them; T goes back.",
        SEARCH,
    ),
    ActionSpec("search.undo", "u", "Undo", "Take the last change back.", SEARCH),
    ActionSpec("search.back", "escape,h,left", "Back", "Clear the selection, or go back to the mail.", SEARCH),
)
"""In the order in which help and documentation show them."""

TOPICS: tuple[tuple[str, str], ...] = (
    ("list", "In the list"),
    ("reader", "Reading"),
    ("message", "Messages"),
    ("writing", "Writing"),
    ("composer", "In the composer"),
    ("outbox", "In the outbox"),
    ("tree", "In the folder tree"),
    ("attachments", "Attachments"),
    ("quarantine", "In the quarantine"),
    ("journal", "In the journal"),
    ("search", "Searching"),
    ("mailbox", "Mailboxes"),
    ("pane", "Panes"),
    ("app", "Anywhere"),
)
"""Headings, in the order in which they are read."""

BARS: dict[str, tuple[str, ...]] = {
    LIST: ("list.open", "writing.reply", "message.archive", "message.delete", "app.find", "app.help"),
    READER: ("reader.on", "writing.reply", "message.archive", "message.delete", "attachments.save", "app.help"),
    TREE: ("tree.open", "tree.collapse", "mailbox.jump", "mailbox.check", "app.palette", "app.help"),
    ATTACHMENTS: ("attachments.open", "attachments.next", "attachments.save_all", "pane.back", "app.help"),
    QUARANTINE: (
        "quarantine.release", "quarantine.delete", "quarantine.bytes", "quarantine.filter", "quarantine.message",
        "app.help",
    ),
    COMPOSER: (
        "composer.send", "composer.attach", "composer.copies", "composer.editor", "pane.back", "app.help",
    ),
    OUTBOX: ("outbox.edit", "outbox.send_now", "outbox.cancel", "outbox.resolve", "outbox.back", "app.help"),
    SEARCH: ("search.open", "search.order", "search.server", "search.save", "search.back", "app.help"),
    JOURNAL: ("journal.retry", "journal.drop", "journal.undo", "journal.back", "app.help"),
}
"""The six keys that matter in each pane. Where it is narrow the middle ones go first; `app.help` stays."""


def bindings(where: str) -> list[Binding]:
    """The bindings of one place, each with its id, so that `App.set_keymap` can move it.

    An action without keys gets one that no keyboard has, so that a person can give it another.
    """
    from textual.binding import Binding  # deferred: 220 ms that `tuimail keys` saves

    found = []
    for each in ACTIONS:
        if each.where == where:
            keys = each.keys or f"unbound_{each.action}"
            binding = Binding(
                keys, each.action, each.description, id=each.id, tooltip=each.help, show=False,
                priority=where == COMPOSER,  # or a field takes the keys that editing has for other things
            )  # fmt: skip
            found.append(binding)
    return found


def spec(action_id: str) -> ActionSpec:
    """The row of the table; KeyError when there is none."""
    for each in ACTIONS:
        if each.id == action_id:
            return each
    raise KeyError(action_id)
