"""What a session is, what may happen to it, what people may ask, and where it is kept."""
