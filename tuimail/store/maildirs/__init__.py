"""Mail whose octets lie here: Maildirs, their folders and files, and the rows that stand for them."""
