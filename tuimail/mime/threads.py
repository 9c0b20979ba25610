"""Which messages belong to one conversation: by the ids they name, never by their subject.

The rule is plain: messages that share an id, as their own or in References or In-Reply-To
(RFC 5322 3.6.4), are one conversation, and so are those in between. The order in which
they arrive does not matter, a loop or a message that names itself changes nothing, and a
link that was missing joins what it holds together when it comes.
"""

from __future__ import annotations

import re

from tuimail.mime.decoding.headers import thread_id_of

_ID = re.compile(r"<[^<>\s]+>")

MAX_NAMED = 50
"""Of the ids in References so many count: the first one, which most share, and the last."""


def ids_of(message_id: str, in_reply_to: str, references: str) -> tuple[int, ...]:
    """The ids that a message is tied together by, as 63 bits each: the oldest first, its own last. No id twice."""
    # RFC 5322 3.6.4: In-Reply-To says the same as the end of References, and in some programs much more.
    named = _ID.findall(references) or _ID.findall(in_reply_to)[:1]
    if len(named) > MAX_NAMED:
        named = named[:1] + named[-(MAX_NAMED - 1) :]
    ids = (thread_id_of(text) for text in (*named, *_ID.findall(message_id)[:1]))
    return tuple(dict.fromkeys(ids))
