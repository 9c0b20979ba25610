-- Conversations by subject, where a person asked for that: what was looked at so far, and under which topic.

CREATE TABLE topic (
    envelope_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    topic INTEGER NOT NULL,               -- 63 bits of the subject without marks of an answer
    sent_at INTEGER NOT NULL,             -- as the list sorts it
    is_answer INTEGER NOT NULL            -- marked as one, and names no message that it answers
);
CREATE INDEX topic_by_time ON topic (account_id, topic, is_answer, sent_at);
CREATE TRIGGER topic_goes AFTER DELETE ON envelope
BEGIN
    DELETE FROM topic WHERE envelope_id = old.id;
END;
INSERT INTO meta (key, value) VALUES ('by_subject', 0), ('parted', 0); -- parted: up to here subjects joined; no longer
