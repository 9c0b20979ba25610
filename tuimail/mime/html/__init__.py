"""HTML of mail to readable lines; nothing remote is ever loaded, nothing is ever run."""
