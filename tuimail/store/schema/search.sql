-- The index of words, a file of its own: it may vanish at any time and is made anew from mail.db and parts.db.
-- Nothing here needs a newer SQLite than 3.34 (trigram).

-- Words of messages, folded and cut by `query.words`; no text is kept. A row is never changed and never
-- taken out: SQLite before 3.43 cannot do that without the text. What is out of date has no `doc` any more.
CREATE VIRTUAL TABLE word USING fts5 (
    sender, recipients, copies, subject, list, body, filename,
    content = '', tokenize = 'ascii', prefix = '2'
);

-- Which message a row of `word` is about. Its id grows with the date, so that the newest are read first:
-- (seconds since 1970) >> 6, or the next one that is free.
CREATE TABLE doc (
    id INTEGER PRIMARY KEY,
    envelope_id INTEGER,                  -- NULL: out of date
    sum INTEGER NOT NULL,                 -- of its words: says whether anything changed
    has_text INTEGER NOT NULL
);
CREATE UNIQUE INDEX doc_by_envelope ON doc (envelope_id) WHERE envelope_id IS NOT NULL;

-- Every word once, to find those that hold three letters or more.
CREATE TABLE term (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE
);
CREATE VIRTUAL TABLE inside USING fts5 (term, content = 'term', content_rowid = 'id', tokenize = 'trigram', detail = none);

-- How far the index has come. `before_place`: what lies here and was not indexed when this file was made
-- is read from the newest to the oldest; older than this is still to come.
CREATE TABLE progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    newest_id INTEGER NOT NULL,           -- envelopes up to here were read, but for the old ones
    old_id INTEGER NOT NULL,              -- the old ones are up to here
    before_place INTEGER,                 -- NULL: all old ones were read
    swept_id INTEGER,                     -- rows that are gone are looked for from here; NULL: not now
    part_id INTEGER NOT NULL,             -- parts up to here were read
    drift INTEGER NOT NULL,               -- by how much the id of a doc is greater than its date, at most
    docs INTEGER NOT NULL,                -- messages
    dead INTEGER NOT NULL,                -- rows that are out of date
    was_damaged INTEGER NOT NULL          -- the file before this one was damaged
);
