"""How static files are stored for serving."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Names that change with the content, also inside the imports of ES modules."""

    support_js_module_import_aggregation = True
