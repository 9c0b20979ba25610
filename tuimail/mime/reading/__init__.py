"""What a person reads of a message: text, links, invitations."""
