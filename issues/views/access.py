"""How a page finds its issue, and what a person sees when a service refuses."""

from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from history.errors import Conflict, Forbidden, Stale
from issues.models import Issue
from products.access import is_person

SHOWN = (
    "product",
    "status",
    "component",
    "milestone",
    "version",
    "assignee",
    "author",
    "parent__product",
    "parent__status",
    "duplicate_of__product",
    "duplicate_of__status",
)


class PermanentRedirect(HttpResponsePermanentRedirect):
    """A redirect that keeps method and body."""

    status_code = 308


def at_issue(view):
    """Give `view` the issue of the key in its address; send old addresses on, and explain what services refuse."""

    @wraps(view)
    def wrapped(request, key, **kwargs):
        issue = Issue.objects.visible_to(request.user).select_related(*SHOWN).at(key)
        if issue is None:
            raise Http404
        if issue.key != key:
            address = request.get_full_path().replace(f"/{key}/", f"/{issue.key}/", 1)
            kind = HttpResponsePermanentRedirect if request.method in ("GET", "HEAD") else PermanentRedirect
            return kind(address)
        return explained(view)(request, issue, **kwargs)

    return wrapped


def explained(view):
    """Turn what services raise into a page that says what to do next."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except Forbidden as refused:
            if not is_person(request.user):
                return redirect_to_login(_back(request))
            return refusal(request, 403, _("You may not do this"), refused.detail)
        except Stale as refused:
            return refusal(request, 412, _("This has changed"), refused.detail)
        except Conflict as refused:
            return refusal(request, 409, _("This cannot be done now"), refused.detail)
        except ValidationError as refused:
            return refusal(request, 400, _("This cannot be saved"), " ".join(refused.messages))
        except ObjectDoesNotExist as gone:
            raise Http404 from gone

    return wrapped


def refusal(request, status, title, detail):
    """Return a page that says why something was not done, with a way back."""
    context = {"title": title, "detail": detail, "back": _back(request), "action": _("Go back")}
    return render(request, "error.html", context, status=status)


def _back(request):
    """Return the page that a form was sent from: a form's address without what it does to its issue."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    parts = request.path.split("/")
    return "/".join(parts[:3]) + "/" if parts[1] == "issues" else "/issues/"
