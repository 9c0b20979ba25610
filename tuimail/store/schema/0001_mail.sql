-- What is known of accounts, mailboxes and messages. Never edited: a change is a new file.
-- Nothing here needs a newer SQLite than 3.34.
-- Foreign keys are declared for `check`, not enforced: enforcing them costs a third of the speed of
-- ingest, and rows go in two places only (removal.py).

PRAGMA application_id = 1953851757; -- "tuim"

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    place INTEGER NOT NULL,          -- order of the configuration
    address TEXT NOT NULL,
    protocol TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'never',
    sentence TEXT NOT NULL DEFAULT '',
    since INTEGER NOT NULL DEFAULT 0,
    synced_at INTEGER
);

CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    account_id INTEGER REFERENCES account (id), -- NULL: removed, its rows are being purged
    name TEXT NOT NULL,
    delimiter TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT '',
    selectable INTEGER NOT NULL DEFAULT 1,
    subscribed INTEGER NOT NULL DEFAULT 1,
    total INTEGER NOT NULL DEFAULT 0,     -- kept with every change of envelope, never counted
    unread INTEGER NOT NULL DEFAULT 0,    -- the same, by effective flags
    server_total INTEGER,
    server_unread INTEGER,
    synced_at INTEGER,
    error TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 0,       -- anything changed
    order_revision INTEGER NOT NULL DEFAULT 0, -- rows came or went
    uid_validity INTEGER,
    uid_next INTEGER,
    highest_modseq INTEGER,
    filled_down_to INTEGER,
    UNIQUE (account_id, name)
);

-- What a list shows and a sync compares. Narrow, because a window reads it and flags change it.
CREATE TABLE envelope (
    id INTEGER PRIMARY KEY,               -- from meta.next_envelope_id, never used twice
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    uid INTEGER,
    place INTEGER NOT NULL,               -- sort_at << 28 | low bits of uid or id: the order of the list
    flags INTEGER NOT NULL,               -- effective
    keywords TEXT NOT NULL,               -- effective
    server_flags INTEGER NOT NULL,
    server_keywords TEXT NOT NULL,
    modseq INTEGER,
    size_octets INTEGER NOT NULL,
    has_attachments INTEGER NOT NULL,
    body INTEGER NOT NULL DEFAULT 0,
    thread_id INTEGER NOT NULL,
    stamp INTEGER NOT NULL,               -- random: a part in parts.db belongs to this row only if it bears it too
    sender TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX envelope_by_place ON envelope (mailbox_id, place);
CREATE UNIQUE INDEX envelope_by_uid ON envelope (mailbox_id, uid);
CREATE INDEX envelope_unread ON envelope (mailbox_id, place) WHERE flags & 1 = 0;
CREATE INDEX envelope_bodiless ON envelope (mailbox_id, place) WHERE body = 0;

-- The rest of an envelope, read when one message is opened.
CREATE TABLE header (
    id INTEGER PRIMARY KEY REFERENCES envelope (id),
    sent_at INTEGER,
    received_at INTEGER,
    message_id TEXT NOT NULL,
    in_reply_to TEXT NOT NULL,
    message_references TEXT NOT NULL,
    from_line TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    to_line TEXT NOT NULL,
    cc TEXT NOT NULL,
    list_id TEXT NOT NULL,
    uidl TEXT,
    structure BLOB NOT NULL
);

-- A mailbox in list order, cut into stretches of at most a few thousand rows, each with its count:
-- finding a position adds these up and walks inside one stretch only, whatever the dates are.
CREATE TABLE stretch (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    lowest INTEGER NOT NULL,              -- smallest place that belongs to it
    total INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, lowest)
) WITHOUT ROWID;

-- Messages whose uid no longer counts, until the server lists them again under a new one.
CREATE TABLE limbo (
    envelope_id INTEGER PRIMARY KEY REFERENCES envelope (id),
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    message_id TEXT NOT NULL
);
CREATE INDEX limbo_by_message_id ON limbo (mailbox_id, message_id);

-- Actions that a server has not confirmed.
CREATE TABLE pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were asked for
    account_id INTEGER NOT NULL REFERENCES account (id),
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    envelope_id INTEGER NOT NULL REFERENCES envelope (id),
    action TEXT NOT NULL,                 -- JSON
    added_at INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0       -- the server described the message since the action was handed out
);
CREATE INDEX pending_by_envelope ON pending (envelope_id);
CREATE INDEX pending_by_account ON pending (account_id);

CREATE TABLE ui_state (
    key TEXT PRIMARY KEY,
    value,                                -- as it is, or JSON text
    is_json INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('next_envelope_id', 1), ('flushes', 0);
