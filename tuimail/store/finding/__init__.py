"""Finding: the index of words, and conversations."""
