"""The account layer: its own process, one thread an account; it speaks to servers and writes the store."""
