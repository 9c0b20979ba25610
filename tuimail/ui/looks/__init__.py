"""How it looks: colours, roles, themes and their files."""
