"""The life of a POP3 account: plan, session, download, intake."""
