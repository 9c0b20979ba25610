"""What every session stands on: a socket dialled, TLS verified, octets with a deadline and a budget."""
