"""Which extensions the server offers: everything, or the sets that well-known servers are met with.

A test hands one of these to `DemoServer.start` to play a server that lacks what another has.
"""

from __future__ import annotations

AUTHENTICATION = frozenset({"AUTH=PLAIN", "AUTH=SCRAM-SHA-256"})

FULL = AUTHENTICATION | {
    "IMAP4rev1",
    "LITERAL+",
    "SASL-IR",
    "ID",
    "NAMESPACE",
    "ENABLE",
    "CONDSTORE",
    "QRESYNC",
    "UIDPLUS",
    "MOVE",
    "IDLE",
    "NOTIFY",
    "SPECIAL-USE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "STATUS=SIZE",
    "UNSELECT",
    "CHILDREN",
    "ESEARCH",
    "COMPRESS=DEFLATE",
    "OBJECTID",
}
"""What this server can do."""

CONDSTORE_ONLY = FULL - {"QRESYNC", "NOTIFY", "COMPRESS=DEFLATE", "OBJECTID"}
"""Flag changes are cheap, expunges are not told."""

OUTLOOK = frozenset(
    {
        "IMAP4rev1",
        "AUTH=PLAIN",
        "SASL-IR",
        "UIDPLUS",
        "MOVE",
        "ID",
        "UNSELECT",
        "CHILDREN",
        "IDLE",
        "NAMESPACE",
        "LITERAL+",
    }
)
"""Outlook's and Exchange's: no CONDSTORE, no SPECIAL-USE, no LIST-STATUS, no ESEARCH."""

GMAIL = frozenset(
    {
        "IMAP4rev1",
        "UNSELECT",
        "IDLE",
        "NAMESPACE",
        "ID",
        "X-GM-EXT-1",
        "CHILDREN",
        "SPECIAL-USE",
        "ENABLE",
        "MOVE",
        "CONDSTORE",
        "ESEARCH",
        "UIDPLUS",
        "COMPRESS=DEFLATE",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "SASL-IR",
        "LITERAL+",
        "AUTH=PLAIN",
    }
)
"""Gmail's: CONDSTORE without QRESYNC, and its own ids and labels."""

BARE = frozenset({"IMAP4rev1"})
"""RFC 3501 and nothing else: LOGIN, no UIDPLUS, no IDLE."""
