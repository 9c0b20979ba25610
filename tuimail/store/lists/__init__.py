"""What a list shows: positions, windows, and orders other than by date."""
