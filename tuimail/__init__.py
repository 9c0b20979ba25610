"""tuimail, a mail client for the terminal. This module knows the version and imports nothing."""

__version__ = "0.1.0"
