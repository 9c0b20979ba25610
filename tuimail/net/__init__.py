"""One blocking session an object: IMAP and POP3, TLS, passwords. The only room that speaks to servers."""
