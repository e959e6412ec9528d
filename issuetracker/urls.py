"""The site map."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

handler500 = "issuetracker.status.server_error"

urlpatterns = [
    path("status/", include("issuetracker.status")),
    path("admin/", admin.site.urls),
    *[
        path("", include(name))
        for name in ("accounts.urls", "issuetracker.api.urls", "products.urls", "issues.urls")
        if find_spec(name)
    ],
]
