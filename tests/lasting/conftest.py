"""A tracker of its own for each module."""

import pytest

from tests.lasting.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory, request):
    """A running Site; a module may name the settings of its PostgreSQL in SERVER."""
    site = Site(tmp_path_factory.mktemp("site"), **getattr(request.module, "SERVER", {}))
    yield site
    site.end()
