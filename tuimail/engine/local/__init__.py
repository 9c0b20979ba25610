"""Mail whose octets lie here: a watched Maildir, wants, texts, what is held."""
