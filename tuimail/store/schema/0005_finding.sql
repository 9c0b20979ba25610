-- Finding: the index of words, conversations, saved searches.

-- Search. Starred messages are few, and asked for by themselves.
CREATE INDEX envelope_starred ON envelope (mailbox_id, place) WHERE flags & 4 = 4;

-- Messages of which more can be read than when they were indexed. New ones are known by their id,
-- those that went by their absence, so that ingest pays nothing for the index.
CREATE TABLE reindex (
    envelope_id INTEGER PRIMARY KEY
);
CREATE TRIGGER reindex_body AFTER UPDATE OF body ON envelope WHEN new.body > old.body
BEGIN
    INSERT OR IGNORE INTO reindex VALUES (new.id);
END;
CREATE TRIGGER reindex_part AFTER UPDATE OF state ON stored_part WHEN new.state <> old.state
BEGIN
    INSERT OR IGNORE INTO reindex VALUES (new.envelope_id);
END;

-- Conversations. To which one an id belongs that is not the name of its own; for messages up to meta.threaded.
CREATE TABLE kin (
    account_id INTEGER NOT NULL,
    message_key INTEGER NOT NULL,         -- 63 bits of a Message-ID
    thread_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, message_key)
) WITHOUT ROWID;
CREATE INDEX kin_by_thread ON kin (account_id, thread_id);
CREATE INDEX envelope_by_thread ON envelope (thread_id);
INSERT INTO meta (key, value) VALUES ('threaded', 0);

-- Conversations whose new messages come in read, by the name that each had when it was muted.
CREATE TABLE muted (
    account_id INTEGER NOT NULL,
    thread_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, thread_id)
) WITHOUT ROWID;
