"""The quarantine: attachments that are held, what was found, what was decided."""
