"""Where a report stands, in a sentence for its author."""

from django.template.defaultfilters import date
from django.utils import timezone
from django.utils.translation import gettext as _

from issues.choices import Category, Resolution
from products.access import is_person


def standing_of(issue, user, original):
    """Return a sentence for the author of `issue` on where the report stands, "" for others; `original` if seen."""
    if not is_person(user) or issue.author_id != user.pk:
        return ""
    if issue.status.category == Category.CLOSED:
        return _closed(issue, original)
    if not issue.is_in_triage:
        return _("Your report was accepted.") if issue.status.category == Category.ACCEPTED else ""
    if issue.is_snoozed:
        until = date(timezone.localtime(issue.snoozed_until), "j M Y")
        return _("Your report was put off until %(until)s, or until you say more.") % {"until": until}
    if issue.waiting_for_id == user.pk:
        return _("Your report waits for your answer.")
    if issue.waiting_for_id is not None:
        return _("Your report waits for somebody’s answer.")
    return _("Your report waits for a triager.")


def _closed(issue, original):
    if original is not None:
        return _("Your report was closed, since it is known already. Follow it there:")
    if issue.resolution in (Resolution.FIXED, Resolution.DUPLICATE):
        return ""
    said = issue.get_resolution_display()
    return _("Your report was declined: %(reason)s. Say more in a comment, or reopen it.") % {"reason": said}
