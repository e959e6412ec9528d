"""What every part of the REST API shares; the resources stand in the `api` package of each app."""
