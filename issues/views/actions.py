"""What a form of an issue's page does: each changes one thing, and goes back to where it was sent from."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.addresses import own_address
from accounts.addressing import prove_first
from history.errors import Forbidden, Stale
from history.models import Batch
from issues import services
from issues.events import counts_hidden, visible_events
from issues.forms import CommentForm, FilesForm, IssueForm, RelationForm
from issues.models import Comment, Issue, NeedInfo, Relation, SavedView
from issues.rules import find_status
from issues.views.access import address_of, at_issue, find, list_of
from issues.views.detail import issue_page
from issues.views.rows import answer_with_rows, wants_rows
from issues.views.uploading import by_upload
from products.access import authorize
from products.numbers import read_number
from products.pages import add_errors, ask_first, by_form, explained, go_back, tell_done, version_for, version_of

# More of them than a list shows are not drawn anew.
ROWS = 100


@by_form
@at_issue
def set_fields(request, issue):
    """Change the fields that the form sends."""
    only = [name for name in IssueForm.base_fields if name in request.POST or f"with_{name}" in request.POST]
    options = {"user": request.user, "product": issue.product, "issue": issue, "auto_id": "set-%s"}
    form = IssueForm(request.POST, only=only, **options)
    if not only or not form.is_valid():
        return _not_set(request, issue, form, 400)
    changes = form.changes()
    seen = read_number(request.POST.get("seen", ""))
    try:
        fresh = services.update_issue(issue, actor=request.user, via="web", seen=seen, **changes)
    except ValidationError as error:
        add_errors(form, error)
        return _not_set(request, issue, form, 400)
    except Stale as stale:
        form.add_error(None, _("Somebody has changed this meanwhile: see what it says now, and set it again."))
        return _not_set(request, stale.current, form, 409)
    names = ", ".join(str(field.label).lower() for field in form.fields.values())
    tell_done(request, _("%(key)s: %(fields)s changed.") % {"key": fresh.key, "fields": names})
    if wants_rows(request):
        return answer_with_rows(request, [fresh.pk])
    return go_back(request, address_of(request, fresh, "#fields"))


def _not_set(request, issue, form, status):
    """Return `issue` as it is, with what is wrong with the form of one of its fields."""
    if wants_rows(request):
        return answer_with_rows(request, [issue.pk], form=form, status=status)
    return issue_page(request, issue, field_form=form, status=status)


@by_form
@by_upload
@at_issue
def comment(request, issue):
    """Add a comment, and set the status that was chosen with it."""
    files = FilesForm({}, request.FILES, auto_id="comment-%s")
    changes = _chosen_status(request.POST)
    form = CommentForm(request.POST, auto_id="comment-%s", may_be_blank=bool(request.FILES or changes))
    if not (form.is_valid() and files.is_valid()):
        return _not_said(request, issue, form, 400)
    action = "comment_internally" if form.cleaned_data["internal"] else "comment"
    try:
        if not (form.cleaned_data["body"].strip() or request.FILES):
            services.update_issue(issue, actor=request.user, via="web", **changes)
            return (
                answer_with_rows(request, [issue.pk])
                if wants_rows(request)
                else go_back(request, address_of(request, issue))
            )
        with services.kept(files.uploads, actor=request.user, action=action, home=issue) as kept:
            data = {**form.cleaned_data, **changes, "files": kept}
            made = services.add_comment(issue, actor=request.user, via="web", **data)
    except ValidationError as error:
        add_errors(form, error, files)
        return _not_said(request, issue, form, 400, files)
    except Forbidden as refused:
        form.add_error(None, refused.detail)
        return _not_said(request, issue, form, 403)
    except Stale:
        form.add_error(None, _("Somebody has changed this meanwhile: see what it says now, and send it again."))
        return _not_said(request, find(request.user, issue.key) or issue, form, 409)
    if wants_rows(request):
        messages.success(request, _("%(key)s: comment added.") % {"key": issue.key})
        return answer_with_rows(request, [issue.pk])
    return go_back(request, address_of(request, issue, f"#comment-{made.pk}"))


def _not_said(request, issue, form, status, files=None):
    """Return what is wrong with a comment, with the text that was sent."""
    if wants_rows(request):
        return answer_with_rows(request, [issue.pk], form=form, status=status)
    return issue_page(request, issue, comment_form=form, comment_files=files, status=status)


def _chosen_status(data):
    """Return what the comment box asks for: a status, or a way of closing ("closed:fixed"), and the version `seen`."""
    slug, _colon, resolution = data.get("then", "").partition(":")
    status = find_status(slug) if slug else None
    if status is None:
        return {}
    changes = {"status": status, "seen": read_number(data.get("seen", ""))}
    return changes | {"resolution": resolution} if resolution else changes


def _comment(request, issue, pk):
    return get_object_or_404(Comment.objects.visible_to(request.user).filter(issue=issue), pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@by_upload
@at_issue
def edit_comment(request, issue, pk):
    """Edit the text of a comment."""
    comment = _comment(request, issue, pk)
    version, conflict = version_for(request, comment), None
    form = CommentForm(request.POST or None, initial={"body": comment.body})
    files = FilesForm({}, request.FILES) if form.is_bound else FilesForm()
    if form.is_valid() and files.is_valid():
        own = {"own": comment.author_id == request.user.pk}
        try:
            with services.kept(files.uploads, actor=request.user, action="edit_comment", home=issue, **own) as kept:
                services.edit_comment(
                    comment,
                    actor=request.user,
                    via="web",
                    body=form.cleaned_data["body"],
                    expected_version=version,
                    files=kept,
                )
            return redirect(address_of(request, issue, f"#comment-{comment.pk}"))
        except ValidationError as error:
            add_errors(form, error, files)
        except Stale as stale:
            conflict = comment = stale.current
            version = comment.lock_version
    context = {"issue": issue, "product": issue.product, "comment": comment, "form": form, "conflict": conflict}
    context |= {"file_form": files, "version": version}
    context |= {"here": address_of(request, issue), "list": list_of(request)}
    status = 409 if conflict else 400 if form.errors or files.errors else 200
    return render(request, "issues/edit_comment.html", context, status=status)


@by_form
@at_issue
def trash_comment(request, issue, pk):
    """Move a comment to the trash."""
    services.trash_comment(_comment(request, issue, pk), actor=request.user, via="web")
    tell_done(request, _("The comment is in the trash."))
    return redirect(address_of(request, issue))


@by_form
@at_issue
def restore_comment(request, issue, pk):
    """Take a comment out of the trash."""
    comment = get_object_or_404(Comment.objects.trashed_for(request.user).filter(issue=issue), pk=pk)
    services.restore_comment(comment, actor=request.user, via="web")
    tell_done(request, _("The comment is out of the trash."))
    return go_back(request, address_of(request, issue))


@by_form
@at_issue
def redact_comment(request, issue, pk):
    """Blank the text of a comment for good."""
    title, said = _("Blank this comment on %(key)s for good?"), _("The comment is redacted, here and in its history.")
    return _blank(request, issue, _comment(request, issue, pk), "body", title, said)


@by_form
@at_issue
def withdraw(request, issue, pk):
    """Take a question back."""
    question = get_object_or_404(NeedInfo.objects.select_related("issue__product"), issue=issue, pk=pk)
    services.withdraw(question, actor=request.user, via="web")
    tell_done(request, _("The question is withdrawn."))
    return go_back(request, address_of(request, issue, f"#question-{pk}"))


@by_form
@at_issue
def redact_question(request, issue, pk):
    """Blank the text of a question for good."""
    question = get_object_or_404(NeedInfo.objects.select_related("issue__product"), issue=issue, pk=pk)
    title, said = _("Blank this question on %(key)s for good?"), _("The question is redacted, here and in its history.")
    return _blank(request, issue, question, "question", title, said, f"#question-{pk}")


@by_form
@at_issue
def vote(request, issue):
    """Vote for the issue, or take the vote back."""
    if "wanted" in request.POST:
        services.vote(issue, actor=request.user, via="web")
    else:
        services.unvote(issue, actor=request.user, via="web")
    return go_back(request, address_of(request, issue, "#fields"))


@by_form
@at_issue
def watch(request, issue):
    """Watch the issue, or do not."""
    services.watch(issue, actor=request.user, via="web", wanted="wanted" in request.POST)
    return go_back(request, address_of(request, issue, "#fields"))


@by_form
@at_issue
def redact(request, issue):
    """Blank the title or the description for good."""
    field = request.POST.get("field", "")
    titles = {"title": _("Blank the title of %(key)s for good?")}
    title = titles.get(field, _("Blank the description of %(key)s for good?"))
    return _blank(request, issue, issue, field, title, _("It is redacted, here and in its history."))


def _blank(request, issue, row, field, title, said, place=""):
    """Blank a `field` of a `row` of the issue for good, once that was asked by `title`, and say what was `said`."""
    authorize(request.user, "redact", issue)
    asking = _ask_to_blank(request, issue, title)
    if asking:
        return asking
    services.redact(row, field, actor=request.user, via="web")
    messages.success(request, said)
    return redirect(address_of(request, issue, place))


def _ask_to_blank(request, issue, title):
    detail = _("The text is removed here and from the whole history, for everybody. This cannot be undone.")
    title %= {"key": issue.key}
    return ask_first(request, title, detail, _("Blank it for good"), back=address_of(request, issue))


@by_form
@at_issue
def relate(request, issue):
    """Relate the issue to another."""
    form = RelationForm(request.POST, user=request.user, auto_id="relate-%s")
    if not form.is_valid():
        return issue_page(request, issue, relation_form=form, status=400)
    kind, other = form.cleaned_data["kind"], form.cleaned_data["issue"]
    try:
        services.relate(issue, actor=request.user, via="web", kind=kind, other=other)
    except ValidationError as error:
        form.add_error("issue", error.messages)
        return issue_page(request, issue, relation_form=form, status=400)
    tell_done(request, _("%(key)s is related to %(other)s.") % {"key": issue.key, "other": other.key})
    return redirect(address_of(request, issue, "#fields"))


@by_form
@at_issue
def unrelate(request, issue, kind, other):
    """End a relation to another issue."""
    other = Issue.objects.visible_to(request.user).at(other)
    if other is None:
        raise Http404
    ends, stored = services.stored_relation(issue, kind, other)
    relations = Relation.objects.select_related("source__product", "target__product")
    relation = get_object_or_404(relations, source=ends[0], target=ends[1], kind=stored)
    services.unrelate(relation, actor=request.user, via="web", issue=issue)
    tell_done(request, _("The relation is ended."))
    return redirect(address_of(request, issue, "#fields"))


@by_form
@at_issue
def trash(request, issue):
    """Move the issue to the trash."""
    gone = services.trash_issue(issue, actor=request.user, via="web")
    tell_done(request, _("%(key)s is in the trash.") % {"key": gone.key})
    return redirect("product-issues", issue.product.key)


@by_form
@explained
def restore(request, key):
    """Take an issue out of the trash."""
    issue = Issue.objects.trashed_for(request.user).select_related("product").at(key)
    if issue is None:
        raise Http404
    back = services.restore_issue(issue, actor=request.user, via="web")
    tell_done(request, _("%(key)s is out of the trash.") % {"key": back.key})
    return redirect(issue)


@by_form
@explained
def purge(request, key):
    """Delete an issue that is in the trash for good, with its history."""
    issue = Issue.objects.trashed_for(request.user).select_related("product").at(key)
    if issue is None:
        raise Http404
    authorize(request.user, "purge", issue)
    title = _("Delete %(key)s for good?") % {"key": key}
    detail = _("Its texts, its comments and its history are deleted, for everybody. This cannot be undone.")
    back = reverse("product-trash", args=[issue.product.key])
    asking = ask_first(request, title, detail, _("Delete it for good"), back=back)
    if asking:
        return asking
    services.purge(issue, actor=request.user, via="web", expected_version=version_of(request))
    messages.success(request, _("%(key)s is deleted for good.") % {"key": key})
    return redirect("product-trash", issue.product.key)


@by_form
@explained
def undo(request, pk):
    """Take back a batch, and say what was left alone."""
    batch = get_object_or_404(Batch, pk=pk)
    if not visible_events(request.user).filter(batch=batch).exists():
        raise Http404
    back = own_address(request.POST.get("next", "")) or "/issues/"
    said = _("Nothing is undone yet: show who you are, and undo it again.")
    if services.give_a_way_in([batch]) and (asked := prove_first(request, said, back)):
        return asked
    undone = services.undo(batch, actor=request.user, via="web")
    tags = f"undo-{undone.pk}" if undone.undone and services.can_undo(request.user, undone) else ""
    messages.success(request, _told(batch, undone, request.user), extra_tags=tags)
    if wants_rows(request):
        return answer_with_rows(request, undone.events.values("issue")[:ROWS])
    views = undone.events.filter(about="savedview").values("about_id")
    if SavedView.objects.filter(pk__in=views, archived_at__isnull=False).exists():
        # The page of a view that was just made is there no more.
        return redirect("views")
    gone = Issue.objects.filter(deleted_at__isnull=False, pk__in=undone.events.values("issue"))
    for issue in gone.select_related("product")[:1]:
        if back.startswith(issue.get_absolute_url()):
            return redirect("product-issues", issue.product.key)
    return redirect(_at_undone(back, undone, request.user))


def _at_undone(address, undone, user):
    """Return the address; where it is of the queue, at the one issue that was changed: not at that which came next."""
    path, _mark, query = address.partition("?")
    changed = Issue.objects.visible_to(user).filter(pk__in=undone.events.values("issue")).select_related("product")[:2]
    if path != reverse("triage") or len(changed) != 1:
        return address
    params = QueryDict(query, mutable=True)
    params["issue"] = changed[0].key
    return own_address(f"{path}?{params.urlencode()}") or address


def _told(batch, undone, user):
    if undone.state == Batch.State.RUNNING and counts_hidden(batch, user):
        return _("It is being undone.")
    if undone.state == Batch.State.RUNNING:
        return _("Undoing: %(done)s of %(total)s so far.") % {"done": undone.done, "total": undone.total}
    left = sorted({f"{one['issue'] or ''} {one['field']}".strip() for one in undone.left_alone})
    again = hasattr(batch, "undoes")
    if not left:
        seen = Issue.objects.visible_to(user).filter(pk__in=undone.events.values("issue"))
        count = seen.count()
        if not count:
            return _("Done again.") if again else _("Undone.")
        only = seen.select_related("product").first() if count == 1 else None
        where = only.key if only else ngettext("%d issue", "%d issues", count) % count
        return (_("Done again in %(where)s.") if again else _("Undone in %(where)s.")) % {"where": where}
    if not undone.undone:
        done_again = _("Nothing is done again: changed since, or not yours to take back any more: %(fields)s.")
        told = done_again if again else _("Nothing is undone: changed since, or not yours any more: %(fields)s.")
    else:
        done_again = _("Done again, but for what somebody has changed since: %(fields)s.")
        told = done_again if again else _("Undone, but for what somebody has changed since: %(fields)s.")
    return told % {"fields": ", ".join(left[:8])}
