"""The API held to its schema: requests made from it, the guide's examples run, and clients generated from it."""
