"""Bytes of mail to values that a person can be shown, and nothing else.

Pure: no file, socket, clock or database. Bad mail is data: what cannot be read is a
defect or a note beside what could, and no function here raises on what a sender wrote
(`html_tree.TooComplex` and `readable.from_json` are the two that raise, on purpose).
"""
