"""The event log as the API tells it: which events a reader sees, and what of them."""

from django.db.models import BigIntegerField, Case, CharField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf

from accounts.models import User
from history.models import Change, Event
from issues.models import Comment, Issue, SavedView
from issues.services.views import ABOUT as OF_VIEWS
from products import access
from products.models import Product

LINKS = ("blocks", "blocked-by", "relates")
ISSUES = ("parent", "duplicate_of", *LINKS)
PEOPLE = ("assignee", "author", "owner", "triage_owner", "default_assignee")
FLAGS = {"archived_at": "archived"}
# The trash is told by the kind of the event; the API has no field for it.
LEFT_OUT = ("deleted_at",)
OPEN_TO_ALL = ("status", "label")


def visible_events(user):
    """Return the events that `user` may see, each marked `of_trash` where it tells of a comment in the trash.

    Those of what is in the trash are seen by who may restore it.
    """
    of_issue = Q(issue__isnull=False) & access.visible_issues(user, "issue__") & _not_in_trash(user, "issue__")
    of_issue &= _or_role(user, "triager", "issue__product__", internal=False)
    of_issue &= ~Q(about="relation") | Exists(_links_between_visible(user))
    of_product = Q(issue=None, product__isnull=False) & access.visible_products(user, "product__")
    of_product &= _or_role(user, "maintainer", "product__", product__deleted_at=None)
    of_site = Q(issue=None, product=None)
    if not access.is_staff(user):
        of_site &= Q(about__in=OPEN_TO_ALL)
    trashed = Comment.objects.filter(pk=OuterRef("about_id"), deleted_at__isnull=False)
    events = SavedView.objects.hide_events(
        Event.objects.filter(of_issue | of_product | of_site | Q(about__in=OF_VIEWS)), user
    )
    return events.annotate(of_trash=Case(When(about="comment", then=Exists(trashed)), default=Value(False)))


def _not_in_trash(user, prefix):
    live = {f"{prefix}deleted_at": None, f"{prefix}product__deleted_at": None}
    return _or_role(user, "maintainer", f"{prefix}product__", **live)


def _or_role(user, name, prefix, **condition):
    """Return the condition that an event fulfils `condition`, or that `user` has the role `name` in its product."""
    return Q() if access.is_superuser(user) else Q(**condition) | access.products_with_role(user, name, prefix)


def _links_between_visible(user):
    """Return the change of a relation's event whose other end `user` sees."""
    other = Coalesce(NullIf(F("after_key"), Value("")), F("before_key"), output_field=CharField())
    # Only in a CASE is it certain that nothing but an id is read as a number.
    number = Case(When(field__in=LINKS, then=Cast(other, BigIntegerField())), default=None)
    links = Change.objects.filter(event=OuterRef("pk"), field__in=LINKS).annotate(other=number)
    return links.filter(other__in=Issue.objects.visible_to(user).values("pk"))


def tell(events, user):
    """Return the representations of `events` (with batch, actor, issue and changes at hand) for `user`."""
    named = _look_up([change for event in events for change in event.told()], user)
    return [_tell(event, named) for event in events]


def _tell(event, named):
    return {
        "id": event.pk,
        "issue": event.issue.key if event.issue_id else None,
        "kind": event.kind,
        "actor": event.actor,
        "via": event.batch.via,
        "at": event.at,
        "batch": event.batch_id,
        "changes": {
            FLAGS.get(change.field, change.field): [
                _value(event, change.field, change.before, named),
                _value(event, change.field, change.after, named),
            ]
            for change in event.told()
            if change.field not in LEFT_OUT
        },
    }


def _value(event, field, frozen, named):
    """Return a frozen value in the form that `field` has in the API, or None for what the reader may not see."""
    if event.of_trash and field == "body":
        return None
    if field in FLAGS:
        return frozen is not None
    if isinstance(frozen, list):
        return [_value(event, field, item, named) for item in frozen]
    if not isinstance(frozen, dict):
        return _in_utc(frozen) if field.endswith(("_at", "_until")) else frozen
    if field in PEOPLE:
        return named.get(("person", frozen["id"]))
    if field in ISSUES:
        return named.get(("issue", frozen["id"]))
    return named.get(("product", frozen["id"])) if field == "product" else frozen["name"]


def _in_utc(text):
    return text.replace("+00:00", "Z") if isinstance(text, str) else text


def _look_up(changes, user):
    """Return `{(kind, id): how the API writes it}` of the issues, products and people that `user` sees in `changes`."""
    wanted: dict = {"issue": set(), "product": set(), "person": set()}
    for change in changes:
        kind = "person" if change.field in PEOPLE else "issue" if change.field in ISSUES else change.field
        if kind in wanted:
            wanted[kind] |= {value["id"] for value in (change.before, change.after) if isinstance(value, dict)}
    parts = [_named(kind, ids, user) for kind, ids in wanted.items() if ids]
    rows = parts[0].union(*parts[1:], all=True) if parts else ()
    return {
        (kind, pk): {"username": one, "display_name": two} if kind == "person" else f"{one}-{two}" if two else one
        for kind, pk, one, two in rows
    }


def _named(kind, ids, user):
    if kind == "person":
        rows, one, two = User.objects.all(), F("username"), F("display_name")
    elif kind == "issue":
        rows, one, two = Issue.objects.visible_to(user), F("product__key"), F("number")
    else:
        rows, one, two = Product.objects.visible_to(user), F("key"), Value("")
    texts = {"one": Cast(one, CharField()), "two": Cast(two, CharField())}
    rows = rows.filter(pk__in=ids).order_by().annotate(what=Value(kind, CharField()), **texts)
    return rows.values_list("what", "pk", "one", "two")
