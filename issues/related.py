"""Which events about relations somebody sees: those of which they see the other end as well."""

from django.db.models import BigIntegerField, Case, CharField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf

from history.models import Change
from issues.models import Issue

RELATIONS = ("blocks", "blocked-by", "relates")


def relations_shown(user):
    """Return the condition that an event is about no relation, or about one whose other end `user` sees."""
    return ~Q(about="relation") | Exists(_relations_between_visible(user))


def _relations_between_visible(user):
    """Return the change of a relation's event whose other end `user` sees."""
    told = Change.objects.filter(event=OuterRef("pk"), field__in=RELATIONS).annotate(other=_other_end())
    return told.filter(other__in=Issue.objects.visible_to(user).values("pk"))


def without_hidden_relations(changes, user):
    """Return `changes`, a QuerySet, without those of relations whose other end `user` does not see."""
    # As a value, each is looked up by its id; asked whether it exists, PostgreSQL may read all issues that are seen.
    seen = Subquery(Issue.objects.visible_to(user).filter(pk=OuterRef("other")).values("pk")[:1])
    return changes.alias(other=_other_end(), seen=seen).filter(~Q(field__in=RELATIONS) | Q(seen__isnull=False))


def _other_end():
    """Return the expression for the id of the other end, None for a change of anything but a relation."""
    other = Coalesce(NullIf(F("after_key"), Value("")), F("before_key"), output_field=CharField())
    # Only in a CASE is it certain that nothing but an id is read as a number.
    return Case(When(field__in=RELATIONS, then=Cast(other, BigIntegerField())), default=None)
