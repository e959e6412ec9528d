"""Invented issues in any number, to measure with: see `manage.py load_volume`."""
