"""What is drawn, as lines and runs of text, before any widget: pure functions."""
