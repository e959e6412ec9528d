"""People and their tokens over REST."""
