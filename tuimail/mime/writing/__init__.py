"""Messages that are written: answers, typed addresses, text and octets as they go out."""
