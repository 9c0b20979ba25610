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
