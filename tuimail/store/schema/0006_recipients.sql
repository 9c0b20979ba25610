-- Messages that a server took for some recipients, and put off for others: these wait in a row of their own.

ALTER TABLE outbox ADD COLUMN of_recipients INTEGER NOT NULL DEFAULT 0; -- of the whole message, when others have it
