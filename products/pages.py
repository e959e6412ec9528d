"""What the pages of a product share: finding it, and explaining what services refuse."""

from functools import partial, wraps
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Case, IntegerField, Value, When
from django.http import Http404, HttpResponseNotAllowed, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import confirming
from accounts.addresses import own_address
from history import log
from history.errors import Conflict, Forbidden, Stale, Unreadable
from issuetracker import keyset
from products.access import can, is_person
from products.finding import find
from products.numbers import read_number

PAGE = 100
ARCHIVED = Case(When(archived_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
ARCHIVED_LAST = keyset.Key("archived_last", expression=ARCHIVED)


class PermanentRedirect(HttpResponsePermanentRedirect):
    """A redirect that keeps method and body."""

    status_code = 308


def sent_on(request, old, new):
    """Return the redirect from the address under the key `old` to that under `new`, for ever."""
    address = request.get_full_path().replace(f"/{old}/", f"/{new}/", 1)
    kind = HttpResponsePermanentRedirect if request.method in ("GET", "HEAD") else PermanentRedirect
    # For ever, unless it moves back: a browser that kept both redirects would go round in circles.
    return kind(address, headers={"Cache-Control": "no-store"})


def at_product(view):
    """Give `view` the product of the key in its address; send old keys on, and explain what services refuse."""

    @wraps(view)
    def wrapped(request, key, **kwargs):
        product = find(request.user, key)
        if product is None:
            raise Http404
        if product.key != key:
            return sent_on(request, key, product.key)
        return explained(view)(request, product, **kwargs)

    return wrapped


def by_form(view):
    """Let only forms of people who are signed in reach `view`; whoever opens its address sees the page of the form."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if request.method in ("GET", "HEAD"):
            return redirect(_home(request))
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not is_person(request.user):
            return redirect_to_login(_home(request))
        return view(request, *args, **kwargs)

    return wrapped


def explained(view):
    """Turn what services raise into a page that says what to do next, and note for `tell_done` what they have done."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        try:
            with log.opened() as request.batches:
                return view(request, *args, **kwargs)
        except Forbidden as refused:
            if not is_person(request.user):
                return redirect_to_login(_back(request))
            return refusal(request, 403, _("You may not do this"), refused.detail)
        except Stale as refused:
            return refusal(request, 412, _("This has changed"), refused.detail)
        except Conflict as refused:
            return refusal(request, 409, _("This cannot be done now"), refused.detail)
        except Unreadable as refused:
            return refusal(request, 400, _("This cannot be understood"), refused.detail)
        except ValidationError as refused:
            title = _("This cannot be saved") if request.method == "POST" else _("This cannot be understood")
            return refusal(request, 400, title, " ".join(refused.messages))
        except ObjectDoesNotExist as gone:
            raise Http404 from gone

    return wrapped


def tell_done(request, text, *, may_undo=True):
    """Say what was done, with a way to undo it; where nothing was, say nothing."""
    if request.batches:
        messages.success(request, text, extra_tags=undo_tag(request) if may_undo else "")


def undo_tag(request):
    """Return the tag of a message that offers to undo what was done; "" where nothing was."""
    return f"undo-{request.batches[0].pk}" if request.batches else ""


def above(user, product, page):
    """Return the context of what stands above each page of `product`, of which `page` is the name of one."""
    ways = {"may_create": may_report(user, product), "may_restore": can(user, "restore", product)}
    return {"product": product, "page": page, **ways}


def may_report(user, product):
    """Return whether `user` may file issues in `product`, or may as soon as they have signed in."""
    by_anybody = product.visibility == "public" and not product.archived
    return can(user, "create", product) or (by_anybody and not is_person(user))


def paged(request, rows, ordering):
    """Return the context of the page of `rows`, a queryset, that the address asks for: `rows`, and where else to go.

    `ordering` is a sequence of `keyset.Key`s. `first`, `previous` and `next` are addresses, or None.
    """
    page_at = partial(keyset.paginate, rows, ordering, size=PAGE, bound=f"{request.path} {request.user.pk}")
    page = keyset.at_or_first(page_at, request.GET.get("cursor", ""))
    ways = {"previous": page.previous, "next": page.next}
    ways = {name: cursor and f"{request.path}?{urlencode({'cursor': cursor})}" for name, cursor in ways.items()}
    return {"rows": page.rows, "first": page.previous and request.path, **ways}


def refusal(request, status, title, detail):
    """Return a page that says why something was not done, with a way back; to a script that alone."""
    if "X-Fragment" in request.headers:
        return render(request, "includes/_refusal.html", {"detail": detail}, status=status)
    context = {"title": title, "detail": detail, "back": _back(request), "action": _("Go back")}
    return render(request, "error.html", context, status=status)


def _back(request):
    """Return the page that a form was sent from: a form's address without what it does."""
    return request.get_full_path() if request.method in ("GET", "HEAD") else _home(request)


def _home(request):
    parts = request.path.split("/")
    if parts[1] == "products" and parts[3:] in (["purge", ""], ["restore", ""]):
        # What is in the trash has no page of its own.
        return "/products/"
    if parts[1:3] == ["issues", "feed"]:
        # It is shown in the answer to its form alone.
        return "/issues/"
    return "/".join(parts[:3]) + "/" if parts[1] in ("issues", "products", "views") else "/issues/"


def ask_first(request, title, detail, action, *, back=""):
    """Return a page that asks once more before what cannot be taken back, or None where the answer has come with it."""
    return confirming.ask(request, title, detail, action, back=back or _back(request))


def add_errors(form, error, *beside):
    """Put the errors of a service beside the fields that `form`, or one `beside` it, has, and the others above it."""
    for field, errors in error.error_dict.items():
        home = next((one for one in (form, *beside) if field in one.fields), None)
        (home or form).add_error(field if home else None, errors)


def version_of(request):
    """Return the version that a form was made from; 0, which is always too old, where it does not say."""
    return read_number(request.POST.get("version", "")) or 0


def version_for(request, row):
    """Return what a form says that it was made from: the version of `row`, or what it said when it was sent."""
    return version_of(request) if request.method == "POST" else row.lock_version


def tell_conflicts(form, present):
    """Say that somebody has changed what `form` changes, and beside each field that would change what is `present`."""
    form.add_error(None, _("Somebody has changed this meanwhile: look it over, and save again."))
    for name, field in form.fields.items():
        now = present[name]
        if field.has_changed(now, form[name].data):
            form.add_error(name, _("Now it is: %(value)s") % {"value": _as_said(now)})


def _as_said(value):
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return (", ".join(value) if isinstance(value, list) else value) or "—"


def go_back(request, otherwise):
    """Return a redirect to the page that the form names, where it is one of ours."""
    return HttpResponseRedirect(own_address(request.POST.get("next", "")) or otherwise)
