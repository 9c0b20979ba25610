"""What happens beside the screen: reading, saving, news, memory; no widgets here."""
