"""The life of an IMAP account: syncing, fetching, telling actions, watching."""
