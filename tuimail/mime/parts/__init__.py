"""Messages as trees of parts, from octets or from BODYSTRUCTURE, and which parts are the text."""
