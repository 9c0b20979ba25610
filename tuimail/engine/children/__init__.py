"""Work on hostile bytes in child processes with a clock and a ceiling."""
