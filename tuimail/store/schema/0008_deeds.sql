-- Deeds about thousands of messages: what was asked for at once, and is carried out a piece at a time.

CREATE TABLE wish (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deed_id INTEGER NOT NULL REFERENCES deed (id),
    at INTEGER NOT NULL,
    action TEXT NOT NULL,                 -- JSON of the first action of the piece: the others differ in the message alone
    envelopes TEXT NOT NULL               -- JSON list of their messages
);
