-- Acting on mail: what waits to be told, octets that wait to be filed, what a person did in one go,
-- and where servers still have what is shown elsewhere.

-- Where hidden messages are: those that are to be deleted for good, and those that were not made after all.
INSERT INTO mailbox (id, account_id, name, selectable) VALUES (0, NULL, '', 0);

-- Octets of whole messages, until nobody needs them.
CREATE TABLE raw (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uses INTEGER NOT NULL DEFAULT 1,      -- it goes when the last user lets it go
    size_octets INTEGER NOT NULL,
    octets BLOB NOT NULL
);

-- Actions that a server has not confirmed.
ALTER TABLE pending RENAME TO pending_before;
CREATE TABLE pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were asked for
    account_id INTEGER NOT NULL REFERENCES account (id),
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id), -- where the message was shown, or which mailbox it is about
    envelope_id INTEGER REFERENCES envelope (id), -- NULL: about a mailbox, or a message that nobody sees yet
    kind TEXT NOT NULL,
    to_id INTEGER,                        -- where a message is to be put
    copy_id INTEGER REFERENCES envelope (id), -- the row that shows a copy meanwhile
    raw_id INTEGER REFERENCES raw (id),
    action TEXT NOT NULL,                 -- JSON
    added_at INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,     -- 0 waits, 1 failed: it has no effect until it is tried again
    handed INTEGER NOT NULL DEFAULT 0,    -- a server may have been told
    told INTEGER NOT NULL DEFAULT 0,      -- the server described the message since the action was handed out
    begun INTEGER NOT NULL DEFAULT 0,     -- its command may have gone out
    edge_validity INTEGER,                -- UIDVALIDITY and UIDNEXT of the destination just before it did
    edge_uid_next INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0,
    after_id INTEGER,                     -- not before that one is done
    deed_id INTEGER,
    sentence TEXT NOT NULL DEFAULT ''     -- why it failed, or waits
);
INSERT INTO pending (id, account_id, mailbox_id, envelope_id, kind, action, added_at, told)
    SELECT id, account_id, mailbox_id, envelope_id, 'set_flags', action, added_at, told FROM pending_before;
DROP TABLE pending_before;
CREATE INDEX pending_by_envelope ON pending (envelope_id) WHERE envelope_id IS NOT NULL;
CREATE INDEX pending_by_account ON pending (account_id, state);
CREATE INDEX pending_by_copy ON pending (copy_id) WHERE copy_id IS NOT NULL;
CREATE INDEX pending_after ON pending (after_id) WHERE after_id IS NOT NULL;

-- Messages that are shown elsewhere than their server has them. Their envelope has no uid.
CREATE TABLE away (
    envelope_id INTEGER PRIMARY KEY REFERENCES envelope (id),
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id), -- where the server has it, or will have it
    uid INTEGER,                          -- there; NULL as long as it is not known
    maker INTEGER                         -- the action that puts it there; NULL: it is there
);
CREATE UNIQUE INDEX away_by_uid ON away (mailbox_id, uid);

-- Messages that a server could not remove: they are marked as \Deleted there, and not shown here.
CREATE TABLE left_behind (
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox_id, uid)
) WITHOUT ROWID;

-- 1: filed by us, so that only what its sender wrote tells it, not its size and arrival.
ALTER TABLE limbo ADD COLUMN loose INTEGER NOT NULL DEFAULT 0;

-- Mailboxes that are shown otherwise than their server has them.
CREATE TABLE mailbox_there (
    mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id),
    name TEXT,                            -- NULL: the server does not have it yet
    subscribed_there INTEGER NOT NULL
);
ALTER TABLE mailbox ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0; -- 1: to be deleted, or not made after all

-- What a person did in one go, and how each part of it is turned back.
CREATE TABLE deed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    words TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE step (
    pending_id INTEGER PRIMARY KEY,
    deed_id INTEGER NOT NULL REFERENCES deed (id),
    envelope_id INTEGER,
    account_id INTEGER NOT NULL,
    back TEXT NOT NULL                    -- JSON without a target; empty: there is no way back
);
CREATE INDEX step_by_deed ON step (deed_id);
