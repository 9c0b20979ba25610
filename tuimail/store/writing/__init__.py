"""What is being written and sent: drafts, the outbox, the people one writes to."""
