"""Sending: from the outbox to the server, and the copy into Sent."""
