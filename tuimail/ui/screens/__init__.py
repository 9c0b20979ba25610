"""Screens and dialogs, each with its .tcss beside it."""
