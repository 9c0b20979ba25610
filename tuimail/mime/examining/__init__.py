"""Attachments to verdicts: names, types, archives, documents, scripts. Nothing is opened or run."""
