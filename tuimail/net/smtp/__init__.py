"""SMTP: one blocking session for submission."""
