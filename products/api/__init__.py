"""Products, their parts and their members over REST."""
