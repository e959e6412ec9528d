"""A small invented company, to try the tracker on."""
