"""Issues, what hangs on them, statuses, events and batches over REST."""
