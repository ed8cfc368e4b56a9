"""Workers elsewhere: the server's doors for them, and the queue they reach through them."""
