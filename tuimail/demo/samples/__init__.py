"""The sample mail of the demo: people, threads, lists, newsletters, files and a few hostile messages.

`builder` turns a definition into bytes, `mailbox` puts them into a store; every other module is definitions.
Everything is made from the moment it is given, so the same moment gives the same bytes.
"""
