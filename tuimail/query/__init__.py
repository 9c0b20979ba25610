"""The language in which mail is looked for: text to a tree, mistakes with their places, completion, highlights.

Pure: `now`, mailboxes and people come in. What must not live here: SQL, the index, servers.
"""
