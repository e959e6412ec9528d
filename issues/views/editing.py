"""The page on which all fields of an issue are edited at once."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from history.errors import Stale
from issues import services
from issues.forms import MOMENT, FilesForm, IssueForm, fields_to_edit
from issues.rules import seen_link
from issues.views.access import address_of, at_issue, list_of
from issues.views.uploading import by_upload
from products.numbers import read_number
from products.pages import add_errors, undo_tag


class EditForm(IssueForm):
    """The fields of an issue, sent with what they had held when the form was made, as `was_title` and so on.

    What was left as it was shown is no wish: it is neither checked nor among the changes.
    """

    @cached_property
    def touched(self):
        """The names of the fields that differ from what the form had shown."""
        return [name for name in self.fields if _sent(self.data, f"was_{name}") != _sent(self.data, name)]

    def full_clean(self):
        """Check the fields that were touched."""
        super().full_clean()
        if self.is_bound:
            for name in set(self.fields) - set(self.touched):
                self.errors.pop(name, None)
                self.cleaned_data.pop(name, None)

    @property
    def was(self):
        """The pairs of a name and a text that say what the form had shown."""
        return [(name, text) for name in self.fields for text in self.data.getlist(f"was_{name}")]

    def differences(self, present):
        """Return `[{"label", "theirs", "mine"}]` of what others have changed to what it is at `present`.

        `mine` is None for what the person has not touched.
        """
        return [
            {
                "label": field.label,
                "theirs": _said(field, present[name]),
                "mine": _said(field, self.data.getlist(name)) if name in self.touched else None,
            }
            for name, field in self.fields.items()
            if _filled(_sent(self.data, f"was_{name}")) != _filled(present[name])
        ]

    def catch_up(self, present):
        """Show what is `present` in the fields that were not touched, so that sending them again changes nothing."""
        data = self.data.copy()
        for name in set(self.fields) - set(self.touched):
            data.setlist(name, present[name])
        self.data = data


def _sent(data, name):
    return sorted(text.replace("\r\n", "\n") for text in data.getlist(name))


def _filled(texts):
    return sorted(text for text in texts if text)


def _said(field, texts):
    """Return what `texts` of a field are called where it is shown."""
    if isinstance(field, forms.BooleanField):
        return _("yes") if texts else _("no")
    names = {str(value): str(name) for value, name in getattr(field, "choices", ())}
    return ", ".join(names.get(text, text) for text in texts if text) or "—"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@by_upload
@at_issue
def edit(request, issue):
    """Edit all fields of an issue at once; two editors of the same field are shown each other's texts."""
    only = [name for name in fields_to_edit(request.user, issue) if name != "product"]
    if not only:
        services.update_issue(issue, actor=request.user, via="web")
    options = {"user": request.user, "product": issue.product, "only": only, "issue": issue}
    if request.method != "POST":
        values = present_values(issue, request.user)
        shown = [(name, text) for name in only for text in _texts(values[name])]
        return _page(request, issue, EditForm(initial=values, **options), seen=issue.lock_version, was=shown)
    form, files = EditForm(request.POST, **options), FilesForm({}, request.FILES)
    seen = read_number(request.POST.get("seen", ""))
    if form.is_valid() and seen is None:
        form.add_error(None, _("This form is not whole. Reload the page, and try again."))
    if form.is_valid() and files.is_valid():
        try:
            with services.kept(files.uploads, actor=request.user, action="attach", home=issue) as kept:
                services.update_issue(issue, actor=request.user, via="web", seen=seen, files=kept, **form.changes())
            tags = f"saved-{issue.key} {undo_tag(request)}"
            messages.success(request, _("%(key)s is saved.") % {"key": issue.key}, extra_tags=tags)
            return redirect(address_of(request, issue))
        except ValidationError as error:
            add_errors(form, error, files)
        except Stale as stale:
            return _conflict(request, issue, form, stale.current)
    # What the person has seen stays what it was: the fields that others change meanwhile are not theirs.
    rest = {"seen": request.POST.get("seen", ""), "was": form.was, "file_form": files}
    return _page(request, issue, form, **rest, status=400)


def _conflict(request, issue, form, current):
    """Return the page with both texts of what differs, from which saving again overwrites what is on the screen."""
    present = {name: _texts(value) for name, value in present_values(current, request.user).items()}
    rows = form.differences(present)
    form.catch_up(present)
    shown = [(name, text) for name in form.fields for text in present[name]]
    return _page(request, issue, form, seen=current.lock_version, was=shown, rows=rows, conflict=True, status=409)


def _page(request, issue, form, *, status=200, **more):
    context = {"issue": issue, "product": issue.product, "form": form, "file_form": FilesForm(), **more}
    context |= {"here": address_of(request, issue), "list": list_of(request)}
    return render(request, "issues/edit.html", context, status=status)


def present_values(issue, user):
    """Return the values that the form shows to `user` for `issue`."""
    parent, original = seen_link(user, issue.parent), seen_link(user, issue.duplicate_of)
    return {
        "title": issue.title,
        "description": issue.description,
        "type": issue.type,
        "status": issue.status.slug,
        "resolution": issue.resolution,
        "priority": issue.priority_slug,
        "severity": issue.severity_slug,
        "component": issue.component_id,
        "milestone": issue.milestone_id,
        "version": issue.version_id,
        "assignee": issue.assignee.username if issue.assignee else "",
        "labels": [label.pk for label in issue.label_list],
        "due_on": issue.due_on,
        "snoozed_until": localtime(issue.snoozed_until).strftime(MOMENT) if issue.snoozed_until else "",
        "parent": parent.key if parent else "",
        "duplicate_of": original.key if original else "",
        "confidential": issue.confidential,
    }


def _texts(value):
    """Return a form's value as the texts that a browser would send for it."""
    if isinstance(value, list):
        return [str(one) for one in value]
    if value is True:
        return ["on"]
    return [] if value is False else ["" if value is None else str(value)]
