"""Importers: a reader for each format yields plain records, and one loader writes them by the services."""
