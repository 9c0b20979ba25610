"""POP3: one blocking session, over the socket of poplib."""
