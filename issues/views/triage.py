"""The triage queue: one report after the other, and the decision about each."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import BigAutoField, Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.addresses import own_address
from history.errors import Conflict, Stale
from issues import queue as places
from issues import services
from issues.choices import Decision, Resolution, Return
from issues.columns import totals
from issues.facts import files_of, questions_of
from issues.finding import SearchError, queue, search
from issues.finding.counting import INBOX
from issues.finding.pages import paginate_seen
from issues.forms import DecisionForm, IssueForm
from issues.models import Issue, SavedView
from issues.similar.finding import fetch_issues, similar_to
from issues.similar.suggesting import offers
from issues.timeline import timeline
from issues.views.access import LAST, QUEUE, at_issue, find, home_of, issue_opened_from, queue_at
from issues.views.deciding import deciding_of
from issues.views.detail import issue_page
from issues.views.fields import fields_of
from issues.views.live import is_asked, mark_of, mark_of_issue, render_part, unchanged
from issues.views.rows import answer_with_rows, wants_rows
from issuetracker.keyset import at_or_first
from issuetracker.prepared import ByReader, Prepared, PreparedTuples, Slot
from products import access
from products.markdown import is_plain
from products.models import Product
from products.numbers import read_number
from products.pages import add_errors, by_form, explained, go_back

SHOWN = 100
PRODUCTS = 100
LONG_TEXT = 20_000
WEEK = timedelta(days=7)
REASONS = dict(Return.choices)
SECTIONS = {
    "overdue": gettext_lazy("Overdue"),
    "returned": gettext_lazy("Returned"),
    "new": gettext_lazy("New"),
}


@login_required
@require_safe
@explained
def triage(request):
    """Show the queue, and the issue of it that the address names, or its first or last; a view leads to its queue."""
    view = read_number(request.GET.get("view", ""))
    if view is not None:
        found = get_object_or_404(SavedView.objects.visible_to(request.user).select_related("product"), pk=view)
        return redirect(f"{reverse('triage')}{queue_at(found.product.key if found.product else '', found.query)}")
    return answer(request)


@require_safe
@login_required
def inbox(request):
    """Lead to what the reader is asked."""
    return redirect(f"{reverse('issues')}?{urlencode([('q', INBOX)])}")


@by_form
@at_issue
def decide(request, issue):
    """Make the decision that a form asks for; show the next issue, or what the form was sent from."""
    form = DecisionForm(request.POST, auto_id="decide-%s", user=request.user, issue=issue)
    if not form.is_valid():
        return _undecided(request, issue, form, 400)
    decision = form.cleaned_data["decision"]
    seen = read_number(request.POST.get("seen", ""))
    try:
        decided = services.decide(issue, decision, actor=request.user, via="web", seen=seen, **form.details())
    except ValidationError as error:
        add_errors(form, error)
        return _undecided(request, issue, form, 400)
    except (Conflict, Stale) as error:
        form.add_error(None, str(error))
        return _undecided(request, issue, form, 409)
    if decision == Decision.REROUTE and decided.batch.pk is None:
        form.add_error("product", _("Choose another product or component."))
        return _undecided(request, issue, form, 400)
    # What was so before is said as well: nothing is left to undo, not even what was decided before.
    tags = f"undo-{decided.batch.pk}" if decided.batch.pk is not None else ""
    messages.success(request, _said(decision, issue, decided.issue), extra_tags=tags)
    if wants_rows(request):
        return answer_with_rows(request, [issue.pk])
    if "X-Fragment" in request.headers:
        return answer(request, _next(request), decided=issue.key)
    if "next" in request.POST:
        return go_back(request, decided.issue.get_absolute_url())
    following = getattr(_next(request), "key", "")
    last = issue.key if _wants_last(request) else ""
    queue = f"{reverse('triage')}{_address(request, following, _cursor(request), last)}"
    return redirect(own_address(queue) or "triage")


def _undecided(request, issue, form, status):
    """Return what the form was sent from, with the issue as it is and what is wrong."""
    if wants_rows(request):
        return answer_with_rows(request, [issue.pk], form=form, status=status)
    issue = find(request.user, issue.key) or issue
    if "next" in request.POST and "X-Fragment" not in request.headers:
        return issue_page(request, issue, decision_form=form, status=status)
    return answer(request, issue, form=form, status=status)


def _next(request):
    """Return the issue to go on with, or None where it is there no more: the decision before it holds all the same."""
    return _at(request.user, request.POST.get("then", ""))


def _wants_last(request):
    """Return whether to show the last of the page of the queue: what came there from below, or is before the next."""
    return LAST in request.GET or request.POST.get("then") == LAST


def _at(user, key):
    return find(user, key) if "-" in key and "\x00" not in key else None


@by_form
@at_issue
def here(request, issue):
    """Note that the reader has the issue before them. Return who else has, in a sentence."""
    others = [person.name for person in services.be_here(issue, actor=request.user)]
    if not others:
        return HttpResponse("", content_type="text/plain; charset=utf-8")
    said = ngettext("%(names)s is on this one", "%(names)s are on this one", len(others))
    return HttpResponse(said % {"names": ", ".join(others)}, content_type="text/plain; charset=utf-8")


SAID = {
    Decision.ACCEPT: gettext_lazy("Accepted %(key)s"),
    Decision.DUPLICATE: gettext_lazy("Closed %(key)s as a duplicate of %(other)s"),
    Decision.DECLINE: gettext_lazy("Declined %(key)s"),
    Decision.NEEDINFO: gettext_lazy("Asked about %(key)s"),
    Decision.SNOOZE: gettext_lazy("Snoozed %(key)s"),
    Decision.REROUTE: gettext_lazy("Rerouted %(key)s to %(component)s"),
}


def _said(decision, before, after):
    if before.key != after.key:
        return _("Moved %(key)s to %(other)s") % {"key": before.key, "other": after.key}
    other = after.duplicate_of.key if decision == Decision.DUPLICATE else ""
    return SAID[decision] % {"key": before.key, "other": other, "component": after.component}


def answer(request, issue=None, *, decided="", form=None, status=200):
    """Return the page at `issue` (else that of the address, or the first of the queue), or what a script asks for.

    `decided` is the key of what has just been: it may still wait, but one goes on to another.
    """
    fragment = request.headers.get("X-Fragment")
    issue = issue or _named(request, request.GET.get("issue", ""))
    if fragment == "triage-issue" and issue is not None and form is None:
        return render_part(request, "triage/_issue.html", _shown(request, issue, None))
    asked, problems = _asked(request)
    rows = _rows(request, asked)
    queue_mark = mark_of(*(piece for row in rows.rows for piece in (row.section, row)))
    shown = issue or _opened(request, rows, decided)
    if is_asked(request, "triage"):
        issue_mark = mark_of_issue(shown, request.user) if shown else ""
        same = unchanged(request, f"{queue_mark}.{issue_mark}")
        if same:
            return same
    if issue is None and shown is not None:
        issue = find(request.user, shown.key)
    context = {**_queued(request, asked, rows, problems), "queue_mark": queue_mark}
    context |= {"issue": None} if issue is None else _shown(request, issue, form, context["rows"], context["more"])
    context |= {"reasons": REASONS, "fragment": bool(fragment)}
    template = "triage/_triage.html" if fragment else "triage/triage.html"
    return render_part(request, template, context, status=status)


def _opened(request, rows, decided):
    """Return the row to begin with, if any: the first, or where it is asked for the last but what was decided."""
    if not _wants_last(request):
        return next(iter(rows.rows), None)
    passed = decided or request.GET.get(LAST, "")
    others = [row for row in rows.rows if row.key != passed] or rows.rows
    return next(reversed(others), None)


def _named(request, key):
    """Return the issue of that key, or None where there is none. Raises Http404 for what is no key."""
    if not key:
        return None
    issue = _at(request.user, key)
    if issue is None:
        raise Http404
    return issue


def _asked(request):
    """Return the Search for the queue, and what is wrong with the query."""
    text, problems = _given(request, "q"), []
    try:
        asked = search(request.user, text=text, product=home_of(request))
    except SearchError as error:
        asked, problems = error.found, error.problems
    return queue.in_sections(queue.queue_of(asked)), problems


def _cursor(request):
    return _given(request, "cursor")


def _given(request, name):
    return request.POST.get(name) or request.GET.get(name, "")


def _rows(request, asked):
    """Return the page of the queue, each row with its `section` and `why` it is back."""
    now = timezone.now()
    fetch = partial(fetch_issues, user=request.user)
    bound = f"{request.user.pk} {getattr(asked.product, 'pk', '')} {asked.canonical}"
    page_at = partial(paginate_seen, asked, fetch, size=SHOWN, bound=bound)
    page = at_or_first(page_at, _cursor(request))
    for row in page.rows:
        row.why = places.returned(row, now)[1]
        row.section = "overdue" if places.is_overdue(row, now) else "returned" if row.why else "new"
    return page


def _queued(request, asked, page, problems):
    """Return what the page shows of the queue, whose first rows are `page`."""
    now, counts = timezone.now(), queue.counts(asked)
    return {
        "rows": page.rows,
        "sections": [
            (name, said, counts[name], [row for row in page.rows if row.section == name])
            for name, said in SECTIONS.items()
        ],
        "counts": counts,
        "total": sum(counts.values()),
        "more": _address(request, cursor=page.next) if page.next else "",
        "earlier": _address(request, cursor=page.previous, last="yes") if page.previous else "",
        "back_to_queue": f"{reverse('triage')}{_address(request, cursor=_cursor(request))}",
        "within": _given(request, "in"),
        "q": _given(request, "q"),
        "cursor": _cursor(request),
        "problems": problems,
        "products": TRIAGED.of(access.reader(request.user)).rows(),
        "week": _week(request.user, now) if not page.rows and not problems else None,
    }


def _triaged(user):
    return Product.objects.visible_to(user).filter(queue.triaged_by(user, "")).order_by("title")[:PRODUCTS]


TRIAGED = ByReader(partial(Prepared, ("key", "title")), _triaged)


def _week(user, now):
    """Return what became of the reports of the last week, for an empty queue."""
    seen = Issue.objects.visible_to(user).filter(queue.triaged_by(user))
    return {
        "filed": seen.filter(created_at__gte=now - WEEK).count(),
        "decided": seen.filter(triaged_at__gte=now - WEEK).count(),
        "asleep": seen.filter(queue.snoozed(now), triaged_at=None).count(),
        "asked": seen.filter(triaged_at=None, waiting_for__isnull=False).count(),
    }


def _shown(request, issue, form, rows=(), more=""):
    """Return what the page shows of one issue, with the forms of the decisions about it."""
    keys = [row.key for row in rows]
    at = keys.index(issue.key) if issue.key in keys else None
    # Where there is `more`, it moves up to the place of the last.
    after = keys[:1] if at is None else keys[at + 1 : at + 2]
    then = after or (more and [LAST]) or keys[:at][-1:]
    long = is_plain(issue.description)
    context = fields_of(request.user, issue)
    files = files_of(context["facts"], issue, request.user)
    entries, cut = timeline(issue, request.user, questions=questions_of(context["facts"]), files=files)
    cursor = _cursor(request)
    return {
        **context,
        "mark": mark_of_issue(issue, request.user),
        **deciding_of(request.user, issue, context["facts"], form),
        "files": files.get(None, ()),
        "may_comment": access.can(request.user, "comment", issue),
        "may_comment_internally": access.can(request.user, "comment_internally", issue),
        "back_here": f"{reverse('triage')}{_address(request, issue.key, cursor)}",
        "own_page": issue_opened_from(_reference(request), issue),
        "entries": entries,
        "cut": cut,
        "plain": issue.description[:LONG_TEXT] if long else "",
        "record": _record(issue, request.user),
        "at": at + 1 if at is not None else None,
        "before": _address(request, keys[at - 1], cursor) if at else "",
        "after": _address(request, after[0], cursor) if after else "",
        "then": then[0] if then else "",
        "alike": similar_to(request.user, issue),
        "suggested": _suggested(request.user, issue),
        "why": issue.returned[1],
        "reasons": REASONS,
        "within": _given(request, "in"),
        "q": _given(request, "q"),
        "cursor": cursor,
    }


def _suggested(user, issue):
    """Return what the fields may be as `(name, label, [(value to send, shown, evidence)])`."""
    return [
        (
            name,
            IssueForm.base_fields[name].label,
            [(one.sent, _read(one.value), one.told()["evidence"]) for one in found],
        )
        for name, found in offers(user, issue).items()
    ]


def _read(value):
    """Return the value of an offer as a person reads it."""
    return (value["display_name"] or value["username"]) if isinstance(value, dict) else value


def _record(issue, user):
    """Return how the reports of an issue's author have fared, as far as `user` sees them, in words."""
    if issue.author_id is None:
        return ""
    ((reports, accepted, duplicates, declined),) = REPORTS.of(access.reader(user)).tuples(author=issue.author_id)
    fates = [
        (accepted, ngettext("%d accepted", "%d accepted", accepted)),
        (duplicates, ngettext("%d duplicate", "%d duplicates", duplicates)),
        (declined, ngettext("%d declined", "%d declined", declined)),
    ]
    told = ", ".join(said % count for count, said in fates if count)
    counted = ngettext("%d report", "%d reports", reports) % reports
    return f"{counted}: {told}" if told else counted


def _reports(user):
    return totals(
        Issue.objects.visible_to(user).filter(author=Slot("author", BigAutoField())),
        reports=Count("pk"),
        accepted=Count("pk", filter=~Q(triaged_at=None) & (Q(closed_at=None) | Q(resolution=Resolution.FIXED))),
        duplicates=Count("pk", filter=Q(resolution=Resolution.DUPLICATE)),
        declined=Count("pk", filter=~Q(resolution__in=("", Resolution.FIXED, Resolution.DUPLICATE))),
    )


REPORTS = ByReader(PreparedTuples, _reports)


def _reference(request):
    """Return what the page of an issue needs to know which queue it was opened from."""
    named = ((name, _given(request, name)) for name in ("in", "q", "cursor"))
    return urlencode([(QUEUE, "yes"), *((name, value) for name, value in named if value)])


def _address(request, issue="", cursor="", last=""):
    """Return the address of the same queue, at an issue or at a page of it, or at its last but the key `last`."""
    return queue_at(_given(request, "in"), _given(request, "q"), issue, cursor, last)
