-- Writing and sending: drafts, messages on their way out, people.

-- A message that is being written, as a person typed it. The account is named, not referred to: what was written
-- outlives an account that is taken out of the configuration.
CREATE TABLE draft (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    from_line TEXT NOT NULL,
    to_line TEXT NOT NULL,
    cc TEXT NOT NULL,
    bcc TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    markdown INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    in_reply_to TEXT NOT NULL,
    message_references TEXT NOT NULL,
    reply_to TEXT NOT NULL,
    answers INTEGER,                      -- envelope, which may be gone
    answer_flag TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',   -- open, posted (kept for editing until it is sent), discarded
    gone_at INTEGER,                      -- when it was discarded
    next_number INTEGER NOT NULL DEFAULT 1,
    server_copy INTEGER,                  -- envelope of the copy among the server's drafts
    server_pending INTEGER,               -- the action that puts it there
    server_copy_of INTEGER                -- changed_at of what that copy holds
);
CREATE INDEX draft_by_state ON draft (state, changed_at);

CREATE TABLE draft_file (
    draft_id INTEGER NOT NULL REFERENCES draft (id),
    number INTEGER NOT NULL,              -- never used twice in a draft
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_octets INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (draft_id, number)
) WITHOUT ROWID;

CREATE TABLE draft_slice (
    draft_id INTEGER NOT NULL REFERENCES draft (id),
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (draft_id, number, start)
);

-- A message on its way out. Rows stay a while after they are done, as a record.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were asked for
    account TEXT NOT NULL,
    state TEXT NOT NULL,                  -- an OutState
    sentence TEXT NOT NULL DEFAULT '',
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,             -- JSON list
    refused TEXT NOT NULL DEFAULT '[]',   -- JSON list of pairs: recipient, words
    to_line TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size_octets INTEGER NOT NULL,
    raw INTEGER,                          -- its octets; NULL when nobody needs them any longer
    notify INTEGER NOT NULL DEFAULT 0,    -- ask for reports on the delivery
    draft_id INTEGER,                     -- what it was made of, kept until it is sent
    answers INTEGER,
    answer_flag TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    waits_for TEXT NOT NULL DEFAULT '',   -- network: tried as soon as there may be one
    ending INTEGER NOT NULL DEFAULT 0,    -- the octets that end it may have gone out
    tries INTEGER NOT NULL DEFAULT 0,
    added_at INTEGER NOT NULL,
    sent_at INTEGER,
    reply TEXT NOT NULL DEFAULT '',       -- what the server said when it took it
    filing INTEGER                        -- the pending action that puts the copy into Sent
);
CREATE INDEX outbox_unfinished ON outbox (account, id) WHERE state NOT IN ('filed', 'cancelled');
CREATE INDEX outbox_filing ON outbox (filing) WHERE filing IS NOT NULL;

-- The action that puts the copy into Sent is settled: so is the message.
CREATE TRIGGER outbox_filed AFTER DELETE ON pending
BEGIN
    UPDATE outbox SET state = 'filed', filing = NULL WHERE filing = OLD.id AND filing IS NOT NULL AND state = 'sent';
END;

-- Which port of a sending server answered last.
CREATE TABLE send_port (
    account TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    port INTEGER NOT NULL
) WITHOUT ROWID;

-- People who were written to, or who wrote: what a recipient is completed from. It can be made again from the mail.
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,             -- the address, case folded
    address TEXT NOT NULL,                -- as it was spelled last
    name TEXT NOT NULL,
    written INTEGER NOT NULL DEFAULT 0,   -- how often written to; copies in Sent count too
    written_at INTEGER NOT NULL DEFAULT 0,
    heard INTEGER NOT NULL DEFAULT 0,
    heard_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX person_heard ON person (heard_at);
CREATE INDEX person_written ON person (written_at) WHERE written > 0;

-- What somebody types of a person: words of the name, pieces of the address, without case and accents.
CREATE TABLE person_word (
    known INTEGER NOT NULL,               -- 1: was written to
    word TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES person (id),
    PRIMARY KEY (known, word, person_id)
) WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('people_learnt', 0); -- the last envelope whose people are counted
