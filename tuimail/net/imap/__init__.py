"""IMAP: one blocking session, over IMAPClient and a FETCH reader of our own."""
