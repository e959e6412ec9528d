"""What the tracker is measured against: products and issues by FastAPI and SQLAlchemy, written as one would."""
