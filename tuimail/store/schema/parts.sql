-- The cache of message parts. It may vanish at any time; another version is simply made anew.

CREATE TABLE part (
    id INTEGER PRIMARY KEY,
    envelope_id INTEGER NOT NULL,
    section TEXT NOT NULL,                -- IMAP section, '' the whole message, or 'readable:' and a kind
    stamp INTEGER NOT NULL,               -- as in envelope: says whose part it is, even after an id came back
    size_octets INTEGER NOT NULL,         -- decoded, not compressed
    stored_octets INTEGER NOT NULL,
    is_deflated INTEGER NOT NULL,
    real_type TEXT NOT NULL,
    used INTEGER NOT NULL,                -- turn of the last read: the smallest goes first
    data BLOB NOT NULL,
    UNIQUE (envelope_id, section)
);
CREATE INDEX part_by_use ON part (used, id);

-- Slices of a part that is being fetched, as transferred.
CREATE TABLE staging (
    envelope_id INTEGER NOT NULL,
    section TEXT NOT NULL,
    stamp INTEGER NOT NULL,
    total_octets INTEGER NOT NULL,
    PRIMARY KEY (envelope_id, section)
) WITHOUT ROWID;

CREATE TABLE slice (
    envelope_id INTEGER NOT NULL,
    section TEXT NOT NULL,
    start INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (envelope_id, section, start)
);

-- One row, kept with every change of part.
CREATE TABLE budget (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    stored_octets INTEGER NOT NULL,
    turn INTEGER NOT NULL
);
INSERT INTO budget VALUES (1, 0, 1);
