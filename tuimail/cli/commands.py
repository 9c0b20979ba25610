"""The table of commands: it feeds argparse, the completions and the man page.

What lives here: names, arguments and sentences. What must not: any command's work; that
is named as `module:function` and imported when the command is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})  # Any: what argparse's add_argument takes

FILES = {"bash": "_shtab_compgen_files", "zsh": "_files"}
DIRECTORIES = {"bash": "_shtab_compgen_dirs", "zsh": "_files -/"}
"""As shtab.FILE and shtab.DIRECTORY, without importing it."""


class Argument(NamedTuple):
    """One option or operand of a command."""

    names: tuple[str, ...]
    help: str
    options: Mapping[str, Any] = NO_OPTIONS
    """More for argparse."""
    complete: Mapping[str, str] = NO_OPTIONS


class Example(NamedTuple):
    """One line that can be typed."""

    line: str
    meaning: str


class Command(NamedTuple):
    """One command, or a word that has commands below it."""

    name: str
    summary: str
    """A few words, for lists."""
    description: str
    """Sentences, for its own help and the man page."""
    run: str = ""
    """`module:function` below tuimail.cli; empty for a word that does nothing without a command below it."""
    arguments: tuple[Argument, ...] = ()
    examples: tuple[Example, ...] = ()
    commands: tuple[Command, ...] = ()
    has_json: bool = True


def _id(help_text: str = "the number of a message, as `tuimail list` prints it") -> Argument:
    return Argument(("ids",), help_text, {"metavar": "ID", "nargs": "+", "type": "id"})


def _flag(name: str, help_text: str) -> Argument:
    return Argument((name,), help_text, {"action": "store_true"})


def _value(name: str, metavar: str, help_text: str, complete: Mapping[str, str] = NO_OPTIONS, **more: Any) -> Argument:
    return Argument((name,), help_text, {"metavar": metavar, **more}, complete)


def _name(help_text: str, *, optional: bool = False) -> Argument:
    more: dict[str, Any] = {"nargs": "?"} if optional else {}
    return Argument(("account",), help_text, {"metavar": "ACCOUNT", **more})


GLOBAL_ARGUMENTS = (
    _value("--config", "FILE", "read this configuration instead of $XDG_CONFIG_HOME/tuimail/config.toml", FILES),
    _value("--data-dir", "DIR", "keep mail here instead of in $XDG_DATA_HOME/tuimail", DIRECTORIES),
)
JSON_ARGUMENT = _flag("--json", "print JSON instead of text for people")

_CONNECTION = (
    _value("--protocol", "PROTOCOL", "how mail comes here (default: imap)",
           choices=("imap", "pop3", "maildir")),
    _value("--host", "HOST", "the server mail comes from (default: guessed from the address)"),
    _value("--port", "PORT", "its port (default: by protocol and security)", type="port"),
    _value("--security", "SECURITY", "tls, starttls or none; none is for this machine only (default: tls)",
           choices=("tls", "starttls", "none")),
    _value("--user", "USER", "the login name (default: the address)"),
    _value("--path", "DIR", "the directory, with --protocol maildir", DIRECTORIES),
    _value("--ca-file", "FILE", "one more trusted root certificate (PEM), for a server of your own", FILES),
    _value("--offline", "DAYS", "how far back text is kept for reading offline: none, 30d (days), all (default: 30d)"),
    _value("--keep-on-server", "DAYS", "how long POP3 mail stays on the server after it was downloaded: never, 14d "
           "(days), always (default: always)"),
)  # fmt: skip

_SMTP = (
    _value("--smtp-host", "HOST", "the server that sends (default: guessed from the address)"),
    _value("--smtp-port", "PORT", "its port (default: by its security)", type="port"),
    _value("--smtp-security", "SECURITY", "tls, starttls or none (default: tls; starttls on port 587)",
           choices=("tls", "starttls", "none")),
    _value("--smtp-user", "USER", "the login name for sending (default: as for receiving)"),
    _flag("--no-smtp", "an account that only receives"),
)  # fmt: skip

_PASSWORD_STDIN = _flag("--password-stdin", "read the password from the first line of standard input")

_ACCOUNT = Command(
    "account", "add, list, test and remove accounts",
    "Adds, lists, tests and removes mail accounts.",
    commands=(
        Command(
            "add", "set up an account",
            "Sets up an account: asks what it needs to know, or takes it from options. It signs in to the server "
            "before anything is written. The password goes into the system's keyring, comes from a command of yours, "
            "or is asked for in each run; it is never written to a file and never an option.",
            "adding:add",
            (
                _value("--name", "NAME", "what to call the account (default: from the address)"),
                _value("--address", "ADDRESS", "your mail address"),
                _value("--full-name", "NAME", "your name, as others see it"),
                *_CONNECTION,
                *_SMTP,
                _value("--password-command", "COMMAND",
                       'a command that prints the password, such as "pass show mail/ada"'),
                _PASSWORD_STDIN,
                _value("--keep-password", "WHERE", "keyring, or ask (in each run)", choices=("keyring", "ask")),
                _flag("--no-check", "write it down without signing in first"),
            ),
            (
                Example("tuimail account add", "answer a few questions"),
                Example('tuimail account add --address ada@example.org --password-command "pass show mail/ada"',
                        "without questions"),
            ),
        ),
        Command("list", "list the accounts", "Lists the accounts and how each of them is.", "accounts:list_accounts"),
        Command(
            "test", "sign in and say what fails",
            "Signs in to the servers of an account, or of all, and says in plain words what works and what does not.",
            "accounts:test", (_name("the account; all when left out", optional=True), _PASSWORD_STDIN),
        ),
        Command(
            "remove", "remove an account",
            "Removes an account from the configuration, and its password from the keyring. Mail that is here stays, "
            "unless --purge is given. Nothing is changed on the server.",
            "accounts:remove",
            (
                _name("the account"),
                _flag("--yes", "do not ask"),
                _flag("--purge", "delete its mail on this machine, too"),
            ),
        ),
    ),
)  # fmt: skip

_YES = _flag("--yes", "do not ask")
_OF_ACCOUNT = _value("--account", "ACCOUNT", "of this account")
_A_MAILBOX = Argument(("mailbox",), "the mailbox, by its name or what it is for", {"metavar": "MAILBOX"})

_MAIL = (
    Command(
        "sync", "fetch mail and send what waits",
        "Does everything that is due for one account or all: the headers of every mailbox, the text that is kept for "
        "reading offline, changes that wait for the server, the outbox. It returns when all of that is done; with "
        "--watch it stays connected and tells what happens until it is stopped.",
        "syncing:sync",
        (
            _name("the account; all when left out", optional=True),
            _flag("--watch", "stay, and tell what happens"),
            _PASSWORD_STDIN,
        ),
    ),
    Command(
        "mailboxes", "list the mailboxes, or change them",
        "Lists the mailboxes of all accounts, with unread and total messages. The commands below it change them.",
        "mail:mailboxes", (_value("--account", "ACCOUNT", "only this one"),),
        commands=(
            Command(
                "create", "make a mailbox", "Makes a mailbox.", "mailbox_tree:create",
                (
                    Argument(("mailbox",), "its full name, such as Lists/python", {"metavar": "MAILBOX"}),
                    _value("--account", "ACCOUNT", "in this account (default: the only one)"),
                ),
            ),
            Command(
                "rename", "give a mailbox another name", "Gives a mailbox, and all below it, another full name.",
                "mailbox_tree:rename",
                (_A_MAILBOX, Argument(("name",), "the new one", {"metavar": "NAME"}), _OF_ACCOUNT),
            ),
            Command(
                "delete", "delete a mailbox", "Deletes a mailbox, after a question. Its messages go to the trash.",
                "mailbox_tree:delete", (_A_MAILBOX, _OF_ACCOUNT, _YES),
            ),
            Command(
                "subscribe", "subscribe to a mailbox, or no longer", "Subscribes to a mailbox.",
                "mailbox_tree:subscribe", (_A_MAILBOX, _OF_ACCOUNT, _flag("--off", "no longer subscribe to it")),
            ),
        ),
    ),
    Command(
        "list", "list messages, newest first",
        "Lists messages, newest first: those of every inbox, or of one mailbox. The first column is the ID that other "
        "commands take.",
        "mail:list_messages",
        (
            _value("--account", "ACCOUNT", "only this one"),
            _value("--mailbox", "MAILBOX", "this mailbox, by its name or what it is for: sent, drafts, archive, junk, "
                   "trash (default: the inbox)"),
            _value("--view", "VIEW", "over all mailboxes instead: inboxes, unread, starred or today",
                   choices=("inboxes", "unread", "starred", "today")),
            _value("--sort", "SORT", "date, sender, subject, size or unread (default: date)", default="date",
                   choices=("date", "sender", "subject", "size", "unread")),
            _flag("--reverse", "the other way round"),
            _flag("--threads", "one line for each conversation: who took part, how many messages, its newest one"),
            _value("--limit", "N", "at most so many (default: 25)", type="count", default=25),
        ),
        (
            Example("tuimail list --mailbox sent --limit 5", "what you sent last"),
            Example("tuimail list --view unread --threads", "conversations with something new, in all accounts"),
        ),
    ),
    Command(
        "search", "find messages",
        "Finds messages in all accounts: words, \"phrases\", prefix*, -not, OR, brackets, and fields such as from: to: "
        "subject: in: has:attachment is:unread before:2026-11 larger:1M. Everything that is here is looked through, "
        "texts and names of attachments too; --server also asks the servers, for text that is not here.",
        "searching:search",
        (
            Argument(("words",), "what to look for", {"metavar": "QUERY", "nargs": "+"}),
            _value("--limit", "N", "at most so many (default: 25)", type="count", default=25),
            _flag("--best", "the best first, not the newest"),
            _flag("--server", "look on the servers as well"),
        ),
        (
            Example("tuimail search lunch from:grace newer:2w", "what Grace wrote about lunch in the last two weeks"),
            Example("tuimail search '\"compiler review\" -is:read'", "two words side by side, in unread messages"),
        ),
    ),
    Command(
        "show", "print messages",
        "Prints messages as a person reads them. What is not here yet is fetched. --raw prints the message as it came; "
        "on a terminal, characters that could harm it are replaced.",
        "showing:show",
        (
            _id(),
            Argument(("--raw",), "the whole message, octet by octet", {"action": "store_true", "group": "form"}),
            Argument(("--headers",), "all its headers", {"action": "store_true", "group": "form"}),
            Argument(("--text",), "its text alone", {"action": "store_true", "group": "form"}),
        ),
        (Example("tuimail show 17 --raw > message.eml", "keep a copy as a file"),),
    ),
    Command(
        "flag", "change flags of messages",
        "Changes flags: seen, flagged, answered, draft, deleted, or any keyword. It counts at once here, and is told "
        "to the server when it can be reached.",
        "mail:flag",
        (
            Argument(("words",), "IDs of messages, and flags to set (+seen) and to clear (-flagged)",
                     {"metavar": "ID|+FLAG|-FLAG", "nargs": "+"}),
        ),
        (Example("tuimail flag 17 18 +seen -flagged", "mark two messages as read and take their stars off"),),
    ),
    Command(
        "attachments", "list the attachments of messages",
        "Lists the attachments of messages: part, name, size, declared type, and the type seen in the bytes where they "
        "are here.",
        "parts:attachments", (_id(),),
    ),
    Command(
        "save", "save an attachment",
        "Saves an attachment, fetching it when it is not here yet. Nothing is ever overwritten, unless --overwrite is "
        "given. The name a sender chose is made harmless.",
        "parts:save",
        (
            Argument(("id",), "the number of the message; with its part, such as 17:2",
                     {"metavar": "ID", "type": "part"}),
            Argument(("part",), "the part, as `tuimail attachments` prints it; or `all`",
                     {"metavar": "PART", "nargs": "?"}),
            _value("--to", "PATH", "a directory, or a file name (default: here, under its own name)", FILES),
            _flag("--overwrite", "replace a file that is there"),
        ),
        (Example("tuimail save 17 2 --to ~/Downloads", "save part 2 of message 17"),),
    ),
)  # fmt: skip

_TO_ACCOUNT = _value("--account", "ACCOUNT", "to a mailbox of this account (default: that of the messages)")
_PENDING_IDS = Argument(
    ("pending_ids",), "the number of a line, as `tuimail journal list` prints it",
    {"metavar": "N", "nargs": "+", "type": "id"},
)  # fmt: skip

_ACTING = (
    Command(
        "move", "move messages to a mailbox",
        "Moves messages to a mailbox. To another account they are copied through this machine, and leave theirs once "
        "they have arrived. It counts at once here, and is told to the server when it can be reached; `tuimail undo` "
        "turns it back.",
        "acting:move", (_id(), _A_MAILBOX, _TO_ACCOUNT),
        (Example("tuimail move 17 18 Receipts", "put two messages into Receipts"),),
    ),
    Command(
        "copy", "copy messages to a mailbox",
        "Puts copies of messages into a mailbox, of any account.",
        "acting:copy", (_id(), _A_MAILBOX, _TO_ACCOUNT),
    ),
    Command(
        "archive", "archive messages",
        "Moves messages to the archive of their account, which is made when it is missing; on Gmail to All Mail.",
        "acting:archive", (_id(), _flag("--by-year", "to a mailbox of the year they are of, such as Archive/2026")),
    ),
    Command(
        "delete", "delete messages",
        "Moves messages to the trash of their account; those that are in it are deleted for good, after a question.",
        "acting:delete",
        (_id(), _flag("--for-good", "delete them for good wherever they are; this cannot be undone"), _YES),
    ),
    Command(
        "junk", "say that messages are junk, or are not",
        "Marks messages as junk and moves them there; with --not marks them as no junk, and moves them from there to "
        "the inbox.",
        "acting:junk",
        (_id(), Argument(("--not",), "they are no junk", {"action": "store_true", "dest": "no_junk"})),
    ),
    Command(
        "undo", "undo what was done last",
        "Turns back what was done last to messages and mailboxes, also when the server has done it already. Given "
        "again, it turns back what was done before that, up to twenty times. What was deleted for good stays deleted.",
        "acting:undo",
    ),
    Command(
        "journal", "look at what waits for servers, and what they refused",
        "What is done to mail counts at once, and waits in the journal until the server has done it. What a server "
        "refused is turned back, and stays in the journal with its reason until it is retried or dropped.",
        commands=(
            Command(
                "list", "list what failed and what waits", "Lists what failed and what waits, with the reasons.",
                "journal:list_journal",
                (_value("--limit", "N", "at most so many (default: 500)", type="count", default=500),),
            ),
            Command("retry", "try it again", "Tries again what failed.", "journal:retry", (_PENDING_IDS,)),
            Command(
                "drop", "forget it", "Forgets what failed or waits: everything is shown as the server has it.",
                "journal:drop", (_PENDING_IDS,),
            ),
        ),
    ),
)  # fmt: skip

_OUTBOX_IDS = Argument(
    ("outbox_ids",), "the number of a message, as `tuimail outbox list` prints it",
    {"metavar": "N", "nargs": "+", "type": "id"},
)  # fmt: skip
_MANY: Mapping[str, Any] = MappingProxyType({"action": "append", "default": []})

_SENDING = (
    Command(
        "send", "send a message",
        "Puts a message into the outbox, from where it is sent: at once, or as soon as there is a network. The message "
        "is a file or standard input, with headers as any mail has (Bcc is used and taken out; a missing From, Date or "
        "Message-ID is filled in), or it is made of --to, --subject and --body. It is safe once the command returns; "
        "with --wait it is sent.",
        "sending:send",
        (
            Argument(("file",), "the message; - or nothing for standard input", {"metavar": "FILE", "nargs": "?"},
                     FILES),
            _value("--to", "ADDRESS", "whom it is for; can be given several times", **_MANY),
            _value("--cc", "ADDRESS", "who gets a copy", **_MANY),
            _value("--bcc", "ADDRESS", "who gets a copy unseen", **_MANY),
            _value("--subject", "TEXT", "what it is about"),
            _value("--body", "TEXT", "its text (default: standard input)"),
            _value("--attach", "FILE", "a file that goes along; can be given several times", FILES, **_MANY),
            Argument(("--from",), "who sends it (default: the first identity of the account)",
                     {"metavar": "ADDRESS", "dest": "sender"}),
            _value("--account", "ACCOUNT", "send with this one (default: that of the sender, else the first)"),
            _value("--at", "TIME", "send it then: 18:30, tomorrow 9:00, mon 8:00, 2026-12-01 09:00, +2h"),
            _flag("--notify", "ask for reports on the delivery, where the server can"),
            _flag("--wait", "return when it was sent, or is known not to be"),
            _flag("--yes", "send it also when From is none of your addresses"),
        ),
        (
            Example("tuimail send letter.eml", "a message with its headers"),
            Example('tuimail send --to grace@example.org --subject "Notes" --attach notes.pdf --body "As promised."',
                    "without a file"),
            Example("git format-patch --stdout --to=grace@example.org -1 | tuimail send --wait", "from a script"),
        ),
    ),
    Command(
        "outbox", "look at messages on their way out, retry, edit and cancel them",
        "Messages stay in the outbox until the server has taken them, and say why they wait. After a line that broke "
        "at the very end it may be unknown whether a message was sent: it is never sent again without your word.",
        commands=(
            Command(
                "list", "list messages on their way out", "Lists messages on their way out, the oldest first.",
                "outbox:list_outbox",
                (_value("--account", "ACCOUNT", "only this one"), _flag("--all", "those that are done, too")),
            ),
            Command(
                "show", "print what is known of them", "Prints everything that is known of messages on their way out.",
                "outbox:show", (_OUTBOX_IDS, _flag("--raw", "the message itself, octet by octet")),
            ),
            Command(
                "retry", "try them now", "Tries messages now that failed, or that wait for their time.",
                "outbox:retry", (_OUTBOX_IDS,),
            ),
            Command(
                "cancel", "do not send them", "Takes messages out of the outbox that were not sent yet.",
                "outbox:cancel", (_OUTBOX_IDS,),
            ),
            Command(
                "edit", "take them back to write on",
                "Takes messages out of the outbox that were not sent yet, and puts them among the drafts: w opens them "
                "on the screen. Attachments and hidden recipients come along.",
                "outbox:edit", (_OUTBOX_IDS,),
            ),
            Command(
                "resolve", "say whether they were sent",
                "Says of messages of which it is unknown whether they were sent: they were (sent), or they are to be "
                "sent again (again).",
                "outbox:resolve",
                (
                    Argument(("outcome",), "sent or again", {"metavar": "OUTCOME", "choices": ("sent", "again")}),
                    _OUTBOX_IDS,
                ),
            ),
        ),
    ),
)  # fmt: skip

_HELD = Argument(
    ("held",), "message and part, such as 17:2, as `tuimail quarantine list` prints it",
    {"metavar": "ID:PART", "nargs": "+", "type": "held"},
)  # fmt: skip

_QUARANTINE = Command(
    "quarantine", "look at attachments that are held, release or delete them",
    "Attachments of POP3 mail, and of IMAP accounts that ask for it, are held until somebody has looked at them: "
    "they can be neither opened nor saved.",
    commands=(
        Command(
            "list", "list held attachments",
            "Lists held attachments, those of the newest mail first, with the verdict of their examination. There is "
            "no verdict that says that something is safe.",
            "quarantine:list_held",
            (
                _value("--account", "ACCOUNT", "only this one"),
                _value("--state", "STATE", "held, released, deleted or all (default: held)", default="held",
                       choices=("held", "released", "deleted", "all")),
                _value("--verdict", "VERDICT", "dangerous, suspicious, no-finding or not-examined",
                       choices=("dangerous", "suspicious", "no-finding", "not-examined")),
            ),
            (Example("tuimail quarantine list --verdict dangerous", "the worst ones"),),
        ),
        Command(
            "show", "print what is known of held attachments",
            "Prints everything that is known of held attachments: verdict and reasons, declared and real type, size, "
            "SHA-256, names inside an archive. Nothing is run or unpacked.",
            "quarantine:show",
            (
                _HELD,
                Argument(("--hex",), "the first 64 KiB, too, as hex", {"action": "store_true", "group": "octets"}),
                Argument(("--text",), "the first 64 KiB, too, as text", {"action": "store_true", "group": "octets"}),
            ),
        ),
        Command(
            "release", "let attachments go, so that they can be saved",
            "Lets attachments go, so that they can be saved. One in which something was found is asked about twice, "
            "and the reasons are told.",
            "quarantine:release", (_HELD, _YES),
            (Example("tuimail quarantine release 17:2", "look at the question, and answer it"),),
        ),
        Command(
            "delete", "remove attachments from their messages",
            "Takes attachments out of the stored messages, which keep a note of what was there: name, type, size and "
            "SHA-256. Everything else in a message stays as it is, octet for octet. Of IMAP mail all that was fetched "
            "of them goes for good; the server keeps its copy.",
            "quarantine:delete", (_HELD, _YES),
        ),
    ),
)  # fmt: skip

_EXCHANGE = (
    Command(
        "import", "take in mail from a Maildir or an mbox file",
        "Takes a Maildir with all its folders, or the messages of an mbox file (mboxrd), into the mailboxes of an "
        "account whose mail lies here (pop3 or maildir). Flags and dates come along; what is imported from is not "
        "changed.",
        "exchanging:import_mail",
        (
            Argument(("path",), "a Maildir (a directory) or an mbox file", {"metavar": "PATH"}, FILES),
            _value("--account", "ACCOUNT", "into this one (default: the only one whose mail lies here)"),
            _value("--mailbox", "MAILBOX", "into this mailbox, made when it is missing; a Maildir goes below it "
                   "(default: Imported for mbox, the same names for a Maildir)"),
        ),
        (Example("tuimail import ~/old.mbox --mailbox Old", "an archive of another program"),),
    ),
    Command(
        "export", "write mail to a Maildir or an mbox file",
        "Writes one mailbox, or all of an account, to a new Maildir or to one mbox file (mboxrd), octet for octet, "
        "with flags and dates. `tuimail import` reads both back.",
        "exchanging:export_mail",
        (
            Argument(("--maildir",), "make a Maildir here",
                     {"metavar": "DIR", "group": "form", "group_required": True}, DIRECTORIES),
            Argument(("--mbox",), "write this file", {"metavar": "FILE", "group": "form"}, FILES),
            _value("--account", "ACCOUNT", "of this one (default: the only one)"),
            _value("--mailbox", "MAILBOX", "only this mailbox"),
            _flag("--overwrite", "replace an mbox file that is there"),
        ),
        (Example("tuimail export --maildir ~/backup --account home", "everything of one account"),),
    ),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    _ACCOUNT,
    *_MAIL,
    *_ACTING,
    *_SENDING,
    _QUARANTINE,
    *_EXCHANGE,
    Command(
        "doctor", "show how things stand, and what is wrong",
        "Shows places, versions, accounts, the state of the store and of the files, and says what is wrong and what to "
        "do. It changes nothing without --repair or --rebuild.",
        "doctor:doctor",
        (
            Argument(("--repair",), "count anew what was counted wrongly; make a damaged store again",
                     {"action": "store_true", "group": "mend"}),
            Argument(("--rebuild",), "make mail.db again from the mail files; the old one is put aside",
                     {"action": "store_true", "group": "mend"}),
        ),
    ),
    Command("themes", "list the themes", "Lists the themes, and which one is in use.", "about:themes"),
    Command("keys", "list the keys", "Lists the actions, the keys that do them, and their ids.", "about:keys"),
    Command(
        "completions", "print completions for a shell",
        "Prints a completion script for a shell.", "about:completions",
        (Argument(("shell",), "bash, zsh or fish", {"metavar": "SHELL", "choices": ("bash", "zsh", "fish")}),),
        (
            Example("tuimail completions bash > ~/.local/share/bash-completion/completions/tuimail", "for bash"),
            Example("tuimail completions zsh > ~/.zfunc/_tuimail", "for zsh, where ~/.zfunc is in $fpath"),
            Example("tuimail completions fish > ~/.config/fish/completions/tuimail.fish", "for fish"),
        ),
        has_json=False,
    ),
)  # fmt: skip

EXIT_CODES = (
    (0, "done"),
    (1, "refused or failed"),
    (2, "the command line makes no sense"),
    (3, "the configuration has mistakes, or names no account"),
)


def leaves(commands: tuple[Command, ...] = COMMANDS, before: str = "") -> list[tuple[str, Command]]:
    """Every command that does something, with its full name: `account add`."""
    found: list[tuple[str, Command]] = []
    for command in commands:
        name = f"{before} {command.name}".strip()
        if command.run:
            found.append((name, command))
        found += leaves(command.commands, name)
    return found
