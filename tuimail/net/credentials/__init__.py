"""Passwords and tokens, where they come from and how they are proven. Never a file of ours."""
