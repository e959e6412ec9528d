"""What the database does not watch over in the log, since its services do."""

from issuetracker.backup.tables import lost, unwatched


def assert_log_is_whole():
    """Assert that nothing in the log names a batch, an event, an issue or a product that is not there."""
    assert any(field.model._meta.app_label == "history" for field in unwatched())
    assert lost() is None
