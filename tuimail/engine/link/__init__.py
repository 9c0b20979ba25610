"""The unix socket between the engine and its clients, both ends of it."""
