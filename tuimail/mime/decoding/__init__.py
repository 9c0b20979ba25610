"""Octets of header fields and bodies to text and numbers, forgiving and bounded."""
