"""An embedded mail server with a sample mailbox: `tuimail --demo`, and the peer that the tests talk to.

IMAP, POP3 and SMTP on 127.0.0.1 and free ports, in one asyncio loop in a daemon thread, all over one small store in
memory. Nothing here may import Textual, a mail library or the rooms `store`, `net`, `engine` and `ui`: a server that
shared code with the client would share its mistakes. This package imports nothing by itself; start at
`tuimail.demo.server`.
"""
