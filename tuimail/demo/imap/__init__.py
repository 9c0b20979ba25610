"""The IMAP4rev1 side of the embedded server (RFC 3501 and the extensions named in `capabilities`).

`session` reads commands and answers them, with the verbs in `access`, `mailboxes` and `messages`; `view` is what one
connection has been told about its mailbox; `syntax`, `structure`, `envelope`, `fetch` and `search` are pure functions
over bytes.
"""
