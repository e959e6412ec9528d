"""The site map."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from issuetracker import backoffice, metrics

handler400 = "issuetracker.status.bad_request"
handler500 = "issuetracker.status.server_error"

urlpatterns = [
    path("", include("issuetracker.api.urls")),
    path("", include("issuetracker.status")),
    path("metrics", metrics.metrics, name="metrics"),
    # What browsers ask for beside what is no page. Never for good: the name of the icon changes with what it shows.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("icons/sprite.svg")), name="favicon"),
    path("admin/login/", backoffice.sign_in),
    # Ours is recorded, limited, and ends other sessions.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/r/<path:ids>/", backoffice.no_shortcut),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("products.urls")),
    path("", include("issues.urls")),
]
