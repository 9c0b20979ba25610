"""Names of local mailboxes and of the folders they lie in.

What lives here: Maildir++ (`.Lists.python` below the root, names in modified UTF-7 as
Courier and Dovecot write them, RFC 3501 5.1.3), nested folders, what a mailbox is for
by its name. What must not: the disk.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from typing import Final

from tuimail.errors import UsageError
from tuimail.model import Role

DELIMITER: Final = "/"
"""Between the components of a local mailbox's name, whatever the disk has."""
INBOX: Final = "INBOX"
SPECIAL: Final = {
    INBOX: Role.INBOX, "Drafts": Role.DRAFTS, "Sent": Role.SENT, "Archive": Role.ARCHIVE, "Junk": Role.JUNK,
    "Trash": Role.TRASH,
}
"""The mailboxes that an account of ours has from the beginning."""
_ROLES: Final = {
    "drafts": Role.DRAFTS, "draft": Role.DRAFTS, "sent": Role.SENT, "sent items": Role.SENT, "sent-mail": Role.SENT,
    "sent messages": Role.SENT, "archive": Role.ARCHIVE, "archives": Role.ARCHIVE, "junk": Role.JUNK,
    "spam": Role.JUNK, "junk e-mail": Role.JUNK, "trash": Role.TRASH, "deleted items": Role.TRASH,
    "deleted messages": Role.TRASH, "inbox": Role.INBOX,
}
_LONGEST_OCTETS: Final = 240
"""Of a folder on the disk; file systems allow 255."""
_LONGEST: Final = 200
_ENCODED: Final = re.compile(rb"&([A-Za-z0-9+,]*)-")
_PLAIN: Final = re.compile(r"[\x20-\x25\x27-\x2d\x30-\x7e]+")
"""What stands for itself: printable ASCII but `&`, and but `.` and `/`, which separate folders."""
_SAFE_ACCOUNT: Final = re.compile(r"[^A-Za-z0-9_@+.\-]")


def directory_of(name: str) -> bytes:
    """The Maildir++ folder of a mailbox, below the root; the root itself is the inbox.

    >>> directory_of("Lists/café")
    b'.Lists.caf&AOk-'
    """
    if name.upper() == INBOX:
        return b""
    return b"." + b".".join(_encoded(component) for component in name.split(DELIMITER))


def name_of(directory: bytes) -> str:
    """The mailbox of a folder below the root: Maildir++ where it begins with a dot, else nested.

    Anything that is no modified UTF-7 is taken as it stands.
    """
    if not directory:
        return INBOX
    if directory.startswith(b"."):
        return DELIMITER.join(_decoded(component) for component in directory[1:].split(b"."))
    return DELIMITER.join(_decoded(component) for component in directory.split(b"/"))


def role_of(name: str) -> Role:
    """What a mailbox is for, by its name."""
    return Role.INBOX if name == INBOX else _ROLES.get(name.casefold(), Role.NONE)


def check_name(name: str) -> str:
    """A name for a new mailbox as it will be kept; raises UsageError with the reason."""
    components = name.strip().strip(DELIMITER).split(DELIMITER)
    if not all(component.strip() for component in components):
        raise UsageError("A mailbox needs a name.", "Type one, for example Receipts or Lists/python.")
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in name):
        raise UsageError("A mailbox's name cannot hold control characters.", "Choose another name.")
    made = DELIMITER.join(component.strip() for component in components)
    try:
        octets = directory_of(made)
    except UnicodeError as exc:
        raise UsageError("This name cannot be written to the disk.", "Choose another name.") from exc
    if len(octets) > _LONGEST_OCTETS or len(made) > _LONGEST:
        raise UsageError("This name is too long.", "Choose a shorter one.")
    return made


def account_directory(name: str) -> str:
    """The folder of an account's own mail: its name where that is harmless, percent signs where not."""
    quoted = _SAFE_ACCOUNT.sub(lambda found: "".join(f"%{octet:02X}" for octet in found.group().encode()), name)
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


def _encoded(component: str) -> bytes:
    """Modified UTF-7, with dots escaped too: Maildir++ has no other way to keep one in a name."""
    made = []
    position = 0
    for plain in _PLAIN.finditer(component):
        made += [_shifted(component[position : plain.start()]), plain.group().encode()]
        position = plain.end()
    made.append(_shifted(component[position:]))
    return b"".join(made)


def _shifted(text: str) -> bytes:
    """A run that needs escaping; `&` itself is `&-`."""
    made = []
    for run in re.split("(&)", text):
        if run == "&":
            made.append(b"&-")
        elif run:
            made.append(b"&" + base64.b64encode(run.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",") + b"-")
    return b"".join(made)


def _decoded(component: bytes) -> str:
    def unshift(found: re.Match[bytes]) -> bytes:
        run = found.group(1).replace(b",", b"/")
        if not run:
            return b"&"
        return base64.b64decode(run + b"=" * (-len(run) % 4), validate=True).decode("utf-16-be").encode()

    try:
        name = _ENCODED.sub(unshift, component).decode()
    except (binascii.Error, UnicodeError):
        name = os.fsdecode(component).encode("utf-8", "replace").decode()
    return name or "?"
