"""The list of one's sessions, and their end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Session
from accounts.services import sign_out_elsewhere
from accounts.sessions import idle_since
from accounts.signin.place import device_name

LISTED = 200


def _live(request):
    live = {"expire_date__gt": timezone.now(), "seen_at__gte": idle_since()}
    return Session.objects.filter(user=request.user, **live).order_by("-seen_at")[:LISTED]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD"])
def sessions(request):
    """List them, the one that asks first."""
    rows = sorted(_live(request), key=lambda row: row.session_key != request.session.session_key)
    listed = [(row, device_name(row.agent), row.session_key == request.session.session_key) for row in rows]
    return render(request, "accounts/sessions.html", {"sessions": listed})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request, handle):
    """End one of them."""
    if request.method != "POST":
        return redirect("sessions")
    row = next((row for row in _live(request) if row.handle == handle), None)
    if row is None:
        raise Http404
    sign_out_elsewhere(request.user, via="web", only=row)
    messages.success(request, _("That browser is signed out."))
    return redirect("sessions")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end_others(request):
    """End all of them but the one that asks."""
    if request.method == "POST":
        count = sign_out_elsewhere(request.user, via="web", keep=request.session.session_key)
        said = ngettext("%(count)d other browser is signed out.", "%(count)d other browsers are signed out.", count)
        messages.success(request, said % {"count": count} if count else _("There was no other."))
    return redirect("sessions")
