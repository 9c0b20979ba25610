"""Speed and memory, one command each, as ratios against a named program in the same run."""
