"""Who hears of an issue: its author, assignee and commenters, and whoever says so; not who says no."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from issues.models import Comment, Issue, Watch


def watchers(issue, user):
    """Return the Users who hear of `issue`, also those of its duplicates, as far as `user` sees what makes them so."""
    group = Issue.objects.visible_to(user).filter(Q(pk=issue.pk) | Q(duplicate_of=issue.pk))
    me, ids = OuterRef("pk"), group.values("pk")
    said = Comment.objects.visible_to(user).filter(issue__in=ids, author=me)
    watches = Watch.objects.filter(issue__in=ids, user=me)
    concerned = Exists(group.filter(author=me)) | Exists(group.filter(assignee=me)) | Exists(said)
    wanted = Q(concerned) | Q(Exists(watches.filter(wanted=True)))
    return User.objects.filter(wanted, is_active=True).exclude(Exists(watches.filter(issue=issue.pk, wanted=False)))


def watched_by(ids, user):
    """Return the condition that an issue is heard of by one of the users `ids`, as far as `user` sees why."""
    here = _own(ids, user, "pk")
    duplicates = Issue.objects.visible_to(user).filter(duplicate_of=OuterRef("pk"))
    refused = Exists(Watch.objects.filter(issue=OuterRef("pk"), user__in=ids, wanted=False))
    return (here | Q(Exists(duplicates.filter(_own(ids, user, "pk"))))) & ~Q(refused)


def _own(ids, user, path):
    said = Comment.objects.visible_to(user).filter(issue=OuterRef(path), author__in=ids)
    wanted = Watch.objects.filter(issue=OuterRef(path), user__in=ids, wanted=True)
    return Q(author__in=ids) | Q(assignee__in=ids) | Q(Exists(said)) | Q(Exists(wanted))
