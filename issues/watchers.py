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


def watched_by(watcher, user):
    """Return the condition that an issue is heard of by the user with the id `watcher`, as far as `user` sees why.

    What they hear of is collected by each of its reasons: it is little, and the issues are many.
    """
    said = Comment.objects.visible_to(user).filter(author=watcher).order_by()
    wanted = Watch.objects.filter(user=watcher, wanted=True)
    concerned = [Issue.objects.filter(**{name: watcher}).values("pk") for name in ("author", "assignee")]
    reasons = [*concerned, said.values("issue"), wanted.values("issue")]
    own = reasons[0].union(*reasons[1:])
    duplicates = Issue.objects.visible_to(user).filter(duplicate_of__isnull=False, pk__in=own).values("duplicate_of")
    refused = Exists(Watch.objects.filter(issue=OuterRef("pk"), user=watcher, wanted=False))
    hears = Exists(User.objects.filter(pk=watcher, is_active=True))
    return Q(hears) & Q(pk__in=own.union(duplicates)) & ~Q(refused)
