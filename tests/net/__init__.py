"""Tests of the room that speaks to mail servers."""
