"""Tests of the embedded server: it must be right, since other tests believe it."""
