"""The event log as one reader sees it: which events, and which of the names in them. Pages, API and admin ask here."""

from dataclasses import dataclass

from django.db.models import BigAutoField, Case, CharField, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf

from accounts.models import User
from history.models import Event, Kind
from issues.columns import issue_key
from issues.models import Attachment, Comment, Issue, SavedView, Status
from issues.querysets import live_and_seen
from issues.related import RELATIONS, relations_shown
from issues.services.views import ABOUT as OF_VIEWS
from issuetracker.prepared import Among, ByReader, ListSlot, PreparedTuples
from products import access
from products.models import Component, Label, Milestone, Product, Version

OPEN_TO_ALL = ("status", "label")
# What a field names, by the model that knows who sees it.
NAMING = {
    **dict.fromkeys(("parent", "duplicate_of", *RELATIONS), Issue),
    "product": Product,
    "component": Component,
    "milestone": Milestone,
    "version": Version,
    "labels": Label,
}
MODELS = tuple(dict.fromkeys(NAMING.values()))
# Whose names all may know: the log has the slug and the user name, people are told what they are called now.
CALLED = {"status": Status, "assignee": User}
# The key that an issue had may name a product that is hidden: whoever sees the issue is told the one that it has.
KEYED = {field: model for field, model in NAMING.items() if model is Issue}


def visible_events(user):
    """Return the events that `user` may see, each marked `of_trash` where it tells of a comment or a file in the
    trash, or of a file on such a comment.

    Those of what is in the trash are seen by who may restore it.
    """
    of_issue = Q(issue__isnull=False) & access.visible_issues(user, "issue__") & _not_in_trash(user)
    of_issue &= _not_internal(user)
    of_issue &= relations_shown(user)
    of_product = Q(issue=None, product__isnull=False) & access.visible_products(user, "product__")
    of_product &= _or_role(user, "maintainer", "product__", product__deleted_at=None)
    if not access.is_person(user):
        # Who is a member is told to who is signed in, as the list of people is.
        of_product &= ~Q(about="member")
    of_site = Q(issue=None, product=None)
    if not access.is_staff(user):
        of_site &= Q(about__in=OPEN_TO_ALL)
    trashed = Comment.objects.filter(pk=OuterRef("about_id"), deleted_at__isnull=False)
    events = Event.objects.filter(of_issue | of_product | of_site | Q(about__in=OF_VIEWS))
    events = SavedView.objects.hide_events(events, user)
    files = Attachment.objects.gone().filter(pk=OuterRef("about_id"))
    marks = (When(about="comment", then=Exists(trashed)), When(about="attachment", then=Exists(files)))
    return events.annotate(of_trash=Case(*marks, default=Value(False)))


def _not_internal(user):
    """Return the condition that an event of an issue is not internal, or that `user` triages it or watched by it."""
    shown = _or_role(user, "triager", "issue__product__", internal=False)
    plain = access.is_superuser(user) or not access.is_person(user)
    return shown if plain else shown | Q(kind=Kind.WATCHED, actor=user.pk)


def _not_in_trash(user):
    live = {"issue__deleted_at": None, "issue__product__deleted_at": None}
    return _or_role(user, "maintainer", "issue__product__", **live)


def _or_role(user, name, prefix, **condition):
    """Return the condition that an event fulfils `condition`, or that `user` has the role `name` in its product."""
    return Q() if access.is_superuser(user) else Q(**condition) | access.products_with_role(user, name, prefix)


def outcome_of(batch, user):
    """Return what became of `batch`, a change of many or an undo, as far as `user` is told: its maker, or a superuser.

    `{"changes", "unchanged", "refused": [{"issue", "code"}], "left_alone": [{"issue", "field", "by"}]}`, each None
    where it is not told, and the lists without issues that `user` does not see any more.
    """
    is_told = access.is_superuser(user) or (access.is_person(user) and batch.actor_id == user.pk)
    todo = (batch.todo or {}) if is_told else {}
    refused = [{"issue": key, "code": code} for key, code in todo["refused"]] if "refused" in todo else None
    left = (batch.left_alone or ([] if hasattr(batch, "undoes") else None)) if is_told else None
    keys = {one["issue"] for one in (*(refused or ()), *(left or ()))} - {None}
    seen = Issue.objects.visible_to(user).named(keys) | {None}
    return {
        "changes": todo.get("changes"),
        "unchanged": todo.get("unchanged"),
        "refused": refused and [one for one in refused if one["issue"] in seen],
        "left_alone": left and [one for one in left if one["issue"] in seen],
    }


def counts_hidden(batch, user):
    """Return whether `batch` counts what `user` does not see.

    That is one of its events, or in a change of many by somebody else an issue that was left as it is, or is still to
    be changed: no event tells of that.
    """
    if access.is_superuser(user):
        return False
    if batch.todo is not None and batch.actor_id != user.pk and batch.todo.get("changes") != batch.total:
        return True
    whole = Event.objects.filter(batch=batch)
    return whole.exclude(pk__in=visible_events(user).filter(batch=batch).values("pk")).exists()


def named(changes, naming=NAMING):
    """Return `{model: ids}` of the issues, products and parts that `changes` name before or after."""
    ids: dict = {}
    for change in changes:
        if change.field in naming:
            for value in (*_rows(change.before), *_rows(change.after)):
                if value["id"] is not None:
                    ids.setdefault(naming[change.field], set()).add(value["id"])
    return ids


def _rows(frozen):
    return frozen if isinstance(frozen, list) else [frozen] if frozen else []


def seen(model, ids, user):
    """Return the rows of `model` that have one of `ids` and that `user` sees."""
    return model.objects.visible_to(user).filter(pk__in=ids).order_by()


@dataclass(frozen=True)
class Known:
    """What changes name, as a reader knows it.

    `hidden` are the `(field, id)` of what they may not see; `names` what statuses, people and issues are called now
    by `(field, id)`, `categories` the category of each status by its id, and `issues` how many issues that they see
    each batch has changed.
    """

    hidden: frozenset
    names: dict
    categories: dict
    issues: dict


def look_up(changes, user, batches=()):
    """Return the Known of `changes`, and of `batches` by their ids, for `user`, asked in one statement."""
    ids = named(changes, NAMING | CALLED)
    wanted = {_slot(model): ids.get(model, ()) for model in (*MODELS, *CALLED.values())}
    rows = KNOWN.of(access.reader(user)).tuples(**wanted, batches=batches) if ids or batches else ()
    found = {(what, pk): texts for what, pk, *texts in rows}
    status = _slot(Status)
    return Known(
        frozenset(place for place, row in _places(ids, NAMING) if row not in found),
        {place: found[row][0] for place, row in _places(ids, CALLED | KEYED) if row in found},
        {pk: category for (what, pk), (_name, category) in found.items() if what == status},
        {pk: int(count) for (what, pk), (count, _told) in found.items() if what == "batch"},
    )


def _places(ids, naming):
    """Yield `(field, id)` and what tells its row apart, for all `ids` of models."""
    for field, model in naming.items():
        yield from (((field, pk), (_slot(model), pk)) for pk in ids.get(model, ()))


def _slot(model):
    return model._meta.model_name


def _known(user):
    nothing = Value("", CharField())
    rows = [
        _texts(model, model.objects.visible_to(user), issue_key() if model is Issue else nothing, nothing)
        for model in MODELS
    ]
    rows.append(_texts(Status, Status.objects.all(), Cast("name", CharField()), Cast("category", CharField())))
    called = Coalesce(NullIf("display_name", nothing), "username", output_field=CharField())
    rows.append(_texts(User, User.objects.all(), Cast(called, CharField()), nothing))
    changed = Event.objects.filter(
        live_and_seen(user, "issue__"), Among(F("batch"), ListSlot("batches", BigAutoField()))
    )
    changed = changed.order_by().values(what=Value("batch", CharField()), pk=F("batch"))
    rows.append(changed.annotate(called=Cast(Count("issue", distinct=True), CharField()), told=nothing))
    return rows[0].union(*rows[1:], all=True)


def _texts(model, rows, name, category):
    rows = rows.filter(Among(F("pk"), ListSlot(_slot(model), BigAutoField()))).order_by()
    rows = rows.annotate(what=Value(_slot(model), CharField()), called=name, told=category)
    return rows.values_list("what", "pk", "called", "told")


KNOWN = ByReader(PreparedTuples, _known)
