"""Files on an issue: added, taken away, and sent to whoever may see what they are on."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from issues import services
from issues.downloads import send
from issues.forms import FilesForm
from issues.models import Attachment
from issues.views.access import address_of, at_issue
from issues.views.detail import issue_page
from issues.views.uploading import by_upload
from products.access import authorize
from products.pages import add_errors, ask_first, by_form, go_back, tell_done

PLACE = "#files"


@require_safe
def file(request, token):
    """Send a file, as its reader may see it."""
    attachment = Attachment.objects.visible_to(request.user).filter(token=token).first()
    if attachment is None:
        raise Http404
    return send(request, attachment)


@by_form
@by_upload
@at_issue
def attach(request, issue):
    """Add files to the issue."""
    form = FilesForm({}, request.FILES, auto_id="attach-%s")
    if form.is_valid() and not form.uploads:
        form.add_error("file", _("Choose a file."))
    if not form.is_valid():
        return issue_page(request, issue, file_form=form, status=400)
    try:
        with services.kept(form.uploads, actor=request.user, action="attach", home=issue) as kept:
            added = services.attach(issue, actor=request.user, via="web", files=kept)
    except ValidationError as error:
        add_errors(form, error)
        return issue_page(request, issue, file_form=form, status=400)
    names = ", ".join(one.name for one in added)
    tell_done(request, _("Attached: %(names)s.") % {"names": names})
    return redirect(address_of(request, issue, PLACE))


@by_form
@at_issue
def detach(request, issue, pk):
    """Move a file to the trash."""
    gone = services.detach(_attachment(request, issue, pk), actor=request.user, via="web")
    tell_done(request, _("%(name)s is in the trash.") % {"name": gone.name})
    return go_back(request, address_of(request, issue, PLACE))


@by_form
@at_issue
def restore(request, issue, pk):
    """Take a file out of the trash."""
    rows = Attachment.objects.trashed_for(request.user).filter(issue=issue)
    back = services.restore_attachment(get_object_or_404(rows, pk=pk), actor=request.user, via="web")
    tell_done(request, _("%(name)s is out of the trash.") % {"name": back.name})
    return go_back(request, address_of(request, issue, PLACE))


@by_form
@at_issue
def redact(request, issue, pk):
    """Blank a file for good."""
    found = _attachment(request, issue, pk)
    authorize(request.user, "redact", issue)
    title = _("Blank the file %(name)s on %(key)s for good?") % {"name": found.name, "key": issue.key}
    detail = _("Its content is removed, and its name from the whole history, for everybody. This cannot be undone.")
    asking = ask_first(request, title, detail, _("Blank it for good"), back=address_of(request, issue))
    if asking:
        return asking
    services.redact_attachment(found, actor=request.user, via="web")
    messages.success(request, _("The file is redacted, and its name in the history."))
    return redirect(address_of(request, issue, PLACE))


def _attachment(request, issue, pk):
    return get_object_or_404(Attachment.objects.visible_to(request.user).filter(issue=issue), pk=pk)
