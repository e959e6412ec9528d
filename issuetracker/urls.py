"""The site map."""

from django.contrib import admin
from django.urls import include, path

from issuetracker import backoffice, metrics

handler400 = "issuetracker.status.bad_request"
handler500 = "issuetracker.status.server_error"

urlpatterns = [
    path("", include("issuetracker.api.urls")),
    path("", include("issuetracker.status")),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/login/", backoffice.sign_in),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("products.urls")),
    path("", include("issues.urls")),
]
