-- Mail whose octets lie here: downloaded by POP3, local mailboxes, Maildirs of other programs.
-- File names are blobs: on disk they are octets, and not always UTF-8.

-- Where an account's Maildir is.
CREATE TABLE root (
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    directory BLOB NOT NULL               -- absolute; empty for our own, maildir/ACCOUNT of the data directory
);

-- A mailbox that is a folder on the disk.
CREATE TABLE folder (
    mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id),
    directory BLOB NOT NULL,              -- below the root; empty for the root itself
    look TEXT NOT NULL DEFAULT ''         -- how its directories looked when they were last listed; empty: list them
);

-- The file of a message.
CREATE TABLE file (
    envelope_id INTEGER PRIMARY KEY REFERENCES envelope (id),
    mailbox_id INTEGER NOT NULL REFERENCES mailbox (id), -- as in envelope
    key BLOB NOT NULL,                    -- its name without flags, which it keeps wherever it goes
    name BLOB NOT NULL,                   -- new/KEY or cur/KEY:2,FLAGS
    sha256 BLOB                           -- of all its octets; NULL when nobody has read them yet
);
CREATE UNIQUE INDEX file_by_key ON file (mailbox_id, key);

-- Files whose rows are gone already, until they are gone too.
CREATE TABLE doomed (
    account_id INTEGER NOT NULL REFERENCES account (id),
    path BLOB NOT NULL,                   -- below the root
    PRIMARY KEY (account_id, path)
) WITHOUT ROWID;

-- Parts that can be taken out of a message, and which of them are held.
CREATE TABLE stored_part (
    envelope_id INTEGER NOT NULL REFERENCES envelope (id),
    section TEXT NOT NULL,
    state TEXT NOT NULL,                  -- free, held, released, deleting, deleted
    header_start INTEGER,                 -- octets in the message; NULL where they are on a server
    body_start INTEGER,
    body_end INTEGER,
    encoding TEXT NOT NULL,
    filename TEXT NOT NULL,
    declared_type TEXT NOT NULL,
    real_type TEXT NOT NULL DEFAULT '',
    size_octets INTEGER NOT NULL,         -- decoded, estimated until somebody looked
    sha256 BLOB,                          -- of the decoded octets
    verdict TEXT NOT NULL DEFAULT '',     -- empty: not examined
    reasons TEXT NOT NULL DEFAULT '[]',   -- JSON list of sentences
    examined_at INTEGER,
    decided_at INTEGER,
    PRIMARY KEY (envelope_id, section)
) WITHOUT ROWID;
CREATE INDEX stored_part_held ON stored_part (envelope_id) WHERE state = 'held';
CREATE INDEX stored_part_unfinished ON stored_part (envelope_id) WHERE state = 'deleting';

-- What is known of each message on a POP3 server, until a later complete listing lacks it.
CREATE TABLE uidl (
    account_id INTEGER NOT NULL REFERENCES account (id),
    key BLOB NOT NULL,                    -- 16 octets made of account and uidl, also in the file's name
    uidl BLOB,                            -- as the server spells it; NULL until it is listed again after a rebuild
    state TEXT NOT NULL,                  -- listed, previewed, stored, delete_wanted, dele_sent, vanished
    envelope_id INTEGER,                  -- NULL when there is none (any more)
    size_octets INTEGER,
    sha256 BLOB,                          -- of the octets the server gave
    top_sha256 BLOB,                      -- of its header block, to know it again under another uidl
    listed_at INTEGER,
    stored_at INTEGER,
    changed_at INTEGER NOT NULL,
    gone_at INTEGER,                      -- when a complete listing first lacked it
    PRIMARY KEY (account_id, key)
) WITHOUT ROWID;
CREATE INDEX uidl_by_envelope ON uidl (envelope_id) WHERE envelope_id IS NOT NULL;
CREATE INDEX uidl_by_sha256 ON uidl (account_id, sha256) WHERE sha256 IS NOT NULL;
