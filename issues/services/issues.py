"""Creating an issue, and changing one: the door for a single issue."""

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import BigAutoField, Exists, F, Func, IntegerField, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log, writing
from history.errors import Stale
from history.models import Change, Event, Kind
from history.writing import refuse_unknown, save_changed
from issues import fulltext, rules, similar
from issues.choices import Return
from issues.files.references import resolve
from issues.models import Category, Comment, Issue, IssueCounter, IssueLabel, IssueNumber, Vote, in_order
from issues.services import files as incoming
from issuetracker.prepared import PreparedModels, Slot
from products import access
from products.linking import render_in
from products.models import Label, Product, limit_field

PLAIN_FIELDS = [
    "title",
    "description",
    "type",
    "priority",
    "severity",
    "component",
    "milestone",
    "version",
    "assignee",
    "due_on",
    "parent",
    "confidential",
]
RELATED = [
    "product",
    "status",
    "component",
    "milestone",
    "version",
    "assignee",
    "author",
    "parent__product",
    "duplicate_of__product",
]
# Rows come as rows, already looked up: asking for each of them again would cost a query a field.
ROWS = [field.name for field in Issue._meta.concrete_fields if field.is_relation]
# No one but the services sets what cannot be edited.
UNCHECKED = {*ROWS, *(field.name for field in Issue._meta.concrete_fields if not field.editable)}
TEXTS = {"title", "description"}
COMPARED = {*TEXTS, "product"}
# What decides who sees an issue: its votes count for its original where all readers of that see it.
SHOWN_BY = {"deleted_at", "confidential", "product", "assignee"}
# What moves with whatever is told of an issue.
COUNTED = ["event_count", "lock_version", "updated_at", "updated_by"]
# What the events of an issue keep: its state, and what nobody but an undo asks for.
KEPT = (*Issue.TRACKED, "waits_from")
RETURN_FIELDS = ("returned_at", "returned_reason")
COUNT_ON = "UPDATE issues_issuecounter SET last = last + 1 WHERE product_id = %s"
SOURCES = {"agent": Issue.Source.API}


def lock_issue(issue, expected_version=None):
    """Return `issue` with its product and status, locked. Raises Issue.DoesNotExist (also in the trash) and Stale."""
    fresh = LIVE.first(pk=issue.pk) or _waited_for(issue.pk)
    if fresh is None:
        raise Issue.DoesNotExist
    return writing.compared(fresh, expected_version)


def _waited_for(pk):
    """Return the issue `pk` once more, or None.

    PostgreSQL, when it has waited for a row, holds what that has become against the status and the product that it had
    before, and finds that they do not belong together. Asked under the lock, it does not wait.
    """
    list(Issue.objects.filter(pk=pk).select_for_update().values_list("pk"))
    return LIVE.first(pk=pk)


def hold_products(ids):
    """Keep who sees the products `ids` from changing until the transaction ends. On SQLite nobody writes meanwhile.

    Who merges or moves does so before they lock issues, and who changes a product locks that first: else neither would
    see what the other does, and votes that are hidden would be counted.
    """
    _hold("SELECT id FROM products_product WHERE id = ANY(%s) ORDER BY id FOR SHARE", ids)


def hold_people(ids):
    """Keep what the people `ids` may see from changing until the transaction ends. On SQLite nobody writes meanwhile.

    Who asks them does so before they lock anything else, and who changes a person locks that first: else neither would
    see what the other does, and what is asked of nobody any more would stay open.
    """
    _hold("SELECT id FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR SHARE", ids)


def _hold(statement, ids):
    if ids and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement, [sorted(ids)])


def lock_ahead(changes, *ids):
    """Lock what the `changes` to the issues `ids` concern beside them: where they go, what they are put under, and whom
    somebody is to `ask` about them.
    """
    asked = changes.get("ask")
    if asked:
        hold_people([asked.pk])
    named = {field: changes[field].pk for field in ("product", "parent", "duplicate_of") if changes.get(field)}
    homes = [named.pop("product")] if "product" in named else []
    if named or homes or asked:
        lock_family(*ids, *named.values(), parents=[named["parent"]] if "parent" in named else [], products=homes)


def lock_family(*ids, parents=(), products=()):
    """Lock the issues `ids`, their originals and their duplicates, so that none waits for another that waits for them.

    So it locks all above the `parents` that issues are put under. The products of all, and `products`, are held before.
    """
    originals = Issue.objects.filter(pk__in=ids, duplicate_of__isnull=False).values("duplicate_of")
    family = Q(pk__in=ids) | Q(duplicate_of__in=ids) | Q(pk__in=originals)
    homes = Issue.objects.filter(family).values_list("product", flat=True).distinct()
    hold_products({*products, *homes})
    list(Issue.objects.filter(family | Q(pk__in=_all_above(parents))).locked().values_list("pk", flat=True))


def _all_above(ids):
    """Return the ids of the issues `ids` and of all above them, as they are before they are locked."""
    found: set = set()
    step = set(ids)
    while step:
        found |= step
        step = {*Issue.objects.filter(pk__in=step, parent__isnull=False).values_list("parent", flat=True)} - found
    return found


def _live():
    live = Issue.objects.live().filter(pk=Slot("pk", BigAutoField()))
    return live.select_related("product", "status").select_for_update(of=("self",))


# What else it refers to is looked up where a change concerns it: most concern one field.
LIVE = PreparedModels(_live)


@transaction.atomic
def create_issue(product, *, actor, via, files=(), expected_version=None, **fields):
    """File an issue (`title` needed; fields as `issues.rules.FIELDS`, rows for what refers to rows). Return it.

    `files` are those of `kept`, which the description may name. `expected_version` is that of the product.

    Raises Forbidden that names a field which needs a triager, Stale, or ValidationError by field.
    """
    refuse_unknown(fields, rules.FIELDS - {"product"})
    # What is compared is held together with the other products: two who file crosswise would wait for each other.
    lock_ahead(fields if expected_version is None else fields | {"product": product})
    if expected_version is not None:
        product = writing.compared(Product.objects.get(pk=product.pk), expected_version)
    fields = _with_addresses(fields, files)
    rules.authorize_creation(actor, product, fields)
    now = timezone.now()
    issue = Issue(
        product=product,
        author=actor,
        source=SOURCES.get(via, via),
        number=0,
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
    )
    issue.label_list = []
    _set_fields(issue, _with_defaults(product, actor, fields), actor=actor, now=now)
    batch = log.open_batch(actor=actor, via=via, at=now)
    insert(issue, batch)
    if files:
        incoming.add(files, issue, batch)
        writing.save_changed(issue, ["event_count"])
    return issue


def _with_addresses(fields, files):
    """Return `fields` with the addresses of `files` where the description names them."""
    if not files or not fields.get("description"):
        return fields
    return fields | {"description": resolve(fields["description"], files)}


def take_along(files, issue, batch, *, comment=None, wakes=True):
    """Add `files` to a locked `issue`, which `wakes`, or to a comment on it, in `batch`. Return the Attachments."""
    access.authorize(batch.actor, "attach", issue)
    if comment is None or not comment.internal:
        touch(issue, batch)
    added = incoming.add(files, issue, batch, comment=comment)
    writing.save_changed(issue, COUNTED)
    if comment is None and wakes:
        wake(issue, batch)
    return added


def _with_defaults(product, actor, fields):
    fields = dict(fields)
    if fields.get("status"):
        fields["status"] = rules.held(fields["status"])
    else:
        skips = product.members_skip_triage and product.pk in access.given_roles(actor)
        first = Category.ACCEPTED if skips else Category.TRIAGE
        fields["status"] = rules.first_status(Category.CLOSED if fields.get("duplicate_of") else first, holds=True)
    assignee = getattr(fields.get("component"), "default_assignee", None)
    if assignee is not None and fields.get("assignee") is None and access.may_be_asked(assignee, product):
        fields["assignee"] = assignee
    return fields


def insert(issue, batch, kind=Kind.CREATED):
    """Number and insert a checked new `issue` with its event in `batch`. The counter is locked last. Return it."""
    check_issue(issue)
    labels = issue.label_list
    issue.description_html = render_in(issue.product, issue.description)
    issue.number = next_number(issue.product)
    issue.event_count = 1
    writing.insert(issue)
    writing.insert(IssueNumber(product=issue.product, number=issue.number, issue=issue))
    writing.insert_all([IssueLabel(issue=issue, label=label) for label in labels])
    issue.event_count = 0
    log.record(batch, kind, about=issue, product=issue.product, issue=issue, state=log.present(issue))
    fulltext.index_new([(issue.pk, fulltext.build(issue.title, issue.description))])
    similar.post_new([(issue.pk, issue.product_id, issue.title, issue.description)])
    return issue


def next_number(product):
    """Return the next number of `product`, whose counter stays locked until the transaction ends."""
    number = _count_on(product)
    if number is None:
        IssueCounter.objects.bulk_create([IssueCounter(product=product)], ignore_conflicts=True)
        number = _count_on(product)
    return number


def _count_on(product):
    """Move the counter of `product` on by one. Return where it stands, or None where there is no counter."""
    with connection.cursor() as cursor:
        returns = " RETURNING last" if connection.vendor == "postgresql" else ""
        cursor.execute(f"{COUNT_ON}{returns}", [product.pk])
        if not returns and cursor.rowcount:
            cursor.execute("SELECT last FROM issues_issuecounter WHERE product_id = %s", [product.pk])
        found = cursor.fetchone() if cursor.rowcount else None
    return found[0] if found else None


@transaction.atomic
def update_issue(issue, *, actor, via, expected_version=None, seen=None, batch=None, files=(), **changes):
    """Change the named fields of `issue` (`product` moves it). Return it as it is then.

    Only what differs is written, with one event; fields that others change at the same time stay theirs. `seen` is
    the version of the issue that the caller knows of: a later change of the same fields is a conflict. `batch` makes
    the change part of a larger one, and `files` (those of `kept`) come with it. Raises Forbidden, Stale, or
    ValidationError by field.
    """
    refuse_unknown(changes, rules.FIELDS)
    changes = _with_addresses(changes, files)
    lock_ahead(changes, issue.pk)
    issue = lock_issue(issue, expected_version)
    access.forget_roles(actor)
    known = {issue.status}
    if changes.get("status") not in (None, issue.status):
        changes["status"] = rules.held(changes["status"])
        known.add(changes["status"])
    changes = rules.without_hidden_links(actor, issue, changes)
    if seen is not None:
        _refuse_unseen(issue, seen, changes)
    changes = _real_changes(issue, changes, actor)
    if not changes:
        if files:
            take_along(files, issue, batch or log.open_batch(actor=actor, via=via))
        return issue
    now = timezone.now()
    before = log.state(issue, _touched(changes))
    kind = _apply(issue, changes, actor, now)
    if issue.status not in known:
        rules.hold_category(issue.status)
    batch = batch or log.open_batch(actor=actor, via=via, at=now)
    if issue.waiting_for_id is not None:
        # Imported here: questions are asked about issues, and stand on this module.
        from issues.services.needinfos import withdraw_idle

        # Told before the change, so that its undo, which goes backwards, asks again when the issue is as it was.
        withdraw_idle(issue, batch)
    finish(issue, before, batch, kind)
    if changes.get("duplicate_of") is not None:
        take_duplicates_along(issue, batch)
    # Whoever sets in the same step until when it sleeps knows of the rest.
    wakes = "snoozed_until" not in changes
    if wakes and actor.pk == issue.author_id and not TEXTS.isdisjoint(changes):
        wake(issue, batch)
    if files:
        take_along(files, issue, batch, wakes=wakes)
    return issue


def foresee(issue, changes, *, actor):
    """Return whether `update_issue` would change `issue`, a row of the reader's own that is not saved afterwards.

    Raises as it would.
    """
    changes = _real_changes(issue, rules.without_hidden_links(actor, issue, changes), actor)
    if changes:
        _apply(issue, changes, actor, timezone.now())
        check_issue(issue)
    return bool(changes)


def _real_changes(issue, changes, actor):
    """Return those of `changes` that differ from what `issue` has. Raises Forbidden unless `actor` may make them."""
    rules.authorize_changes(actor, issue, changes)
    real = {field: value for field, value in changes.items() if not rules.holds(issue, field, value)}
    # A move leads into triage, unless a triager names another status: that may be the one it has.
    if "product" in real and issue.is_open and changes.get("status") and access.can(actor, "edit", real["product"]):
        real["status"] = changes["status"]
    return real


def _apply(issue, changes, actor, now):
    """Set `changes` on `issue`, with what follows from them. Return the Kind of the event."""
    kind = _move(issue, changes, actor) if "product" in changes else Kind.CHANGED
    _set_fields(issue, changes, actor=actor, now=now)
    if kind == Kind.MOVED:
        _arrive(issue, now)
    return kind


def _touched(changes):
    """Return the fields that a change of the fields `changes` may change."""
    if "product" in changes:
        return KEPT
    if rules.STAGE_FIELDS & set(changes):
        return {*changes, *rules.STAGE_FIELDS, "snoozed_until", "waits_from"}
    return {*changes, *rules.STAGE_FIELDS} if "snoozed_until" in changes else set(changes)


def changed_since(issue, seen, fields, *, or_asked=False):
    """Return whether somebody has changed one of `fields`, or with `or_asked` asked anybody, after version `seen`."""
    if issue.lock_version <= seen:
        return False
    changed = Change.objects.filter(issue=issue, event__version__gt=seen, field__in=fields).exists()
    return changed or (or_asked and Event.objects.filter(issue=issue, version__gt=seen, kind=Kind.ASKED).exists())


def _refuse_unseen(issue, seen, changes):
    """Raise Stale where somebody has changed one of the same fields after the version `seen`."""
    if changed_since(issue, seen, changes):
        raise Stale(_("Somebody has changed this in the meantime."), issue)


def _set_fields(issue, changes, *, actor, now):
    rules.check_parts(issue, changes)
    if "assignee" in changes:
        rules.check_person(changes["assignee"], issue.product)
    if "description" in changes:
        limit_field("description", changes["description"])
    if "labels" in changes:
        rules.check_labels(issue, changes["labels"], present=issue.label_list)
        issue.label_list = in_order(changes["labels"])
    if changes.get("duplicate_of") is not None:
        changes["duplicate_of"] = rules.canonical(changes["duplicate_of"], actor)
    for field in ("parent", "duplicate_of"):
        if changes.get(field) is not None:
            rules.check_link(issue, field, changes[field], actor)
    for field in PLAIN_FIELDS:
        if field in changes:
            setattr(issue, field, changes[field])
    if issue.status_id is None or rules.STAGE_FIELDS & set(changes):
        rules.set_status(issue, changes, now=now)
    if "snoozed_until" in changes:
        rules.snooze(issue, changes["snoozed_until"], now)


def _move(issue, changes, actor):
    """Give `issue` its place in another product: its old number there or a new one, and parts of the same names."""
    # As it is under its lock: since it was read it may have gone to the trash, or been hidden or archived.
    target = Product.objects.filter(pk=changes["product"].pk, deleted_at=None).first()
    if target is None:
        message = _("There is no product “%(key)s”.") % {"key": changes["product"].key}
        raise ValidationError({"product": ValidationError(message, code="absent")})
    rules.authorize_creation(actor, target, _set_beside_move(issue, changes))
    issue.product = target
    for field in rules.PARTS:
        part = getattr(issue, field)
        if part is not None and field not in changes:
            changes[field] = writing.called(type(part).objects.active().filter(product=target), part.name)
    if "labels" not in changes:
        changes["labels"] = labels_in(target, issue.label_list)
    if "assignee" not in changes and issue.assignee and not access.may_be_asked(issue.assignee, target):
        changes["assignee"] = None
    if issue.is_open and "status" not in changes and "duplicate_of" not in changes:
        changes["status"] = rules.first_status(Category.TRIAGE)
    return Kind.MOVED


def _set_beside_move(issue, changes):
    """Return the names of what `changes` set beside the product, but for what a new issue has and what moves along."""
    named = {field for field, value in changes.items() if value}
    status = changes.get("status")
    if status and status.category == Category.TRIAGE and status == rules.first_status(Category.TRIAGE):
        named.discard("status")
    kept = {field for field in rules.PARTS if _is_namesake(getattr(issue, field), changes.get(field))}
    return named - kept - {"product"}


def _is_namesake(part, other):
    return part is not None and other is not None and part.name.lower() == other.name.lower()


def _arrive(issue, now):
    """Let `issue`, which has come from another product, begin its time in triage here, if it is in triage."""
    if issue.is_in_triage:
        issue.snoozed_until = None
        rules.begin_triage(issue, now)
        rules.bring_back(issue, now, Return.MOVED)


def labels_in(product, labels):
    """Return what `labels` are in another `product`: those of the site, and its own of the same names."""
    kept = [label for label in labels if label.product_id is None]
    names = [label.name.lower() for label in labels if label.product_id is not None]
    own = Label.objects.active().filter(product=product)
    return kept + [label for label in own if label.name.lower() in names]


def place(issue):
    """Number `issue` in its present product: the number it had there before, else the next one."""
    known = IssueNumber.objects.filter(product=issue.product, issue=issue).order_by("-id").first()
    if known is not None:
        issue.number = known.number
    else:
        issue.number = next_number(issue.product)
        IssueNumber.objects.create(product=issue.product, number=issue.number, issue=issue)


def check_issue(issue, known=frozenset()):
    """Raise ValidationError by field unless `issue` is valid as a whole; the fields `known` to be are not asked."""
    issue.full_clean(exclude=UNCHECKED | known, validate_unique=False, validate_constraints=False)


def _link_anew(issue):
    """Let the comments of a moved `issue` link to what those may know of who read them now."""
    for comment in Comment.objects.filter(issue=issue, body_html__contains='href="/issues/'):
        html = render_in(issue.product, comment.body)
        Comment.objects.filter(pk=comment.pk).update(body_html=html)


def finish(issue, before, batch, kind=Kind.CHANGED):
    """Save what differs from `before`, the state of a locked `issue` or of some fields, with an event. Return it."""
    check_issue(issue)
    if "product" in before and before["product"]["id"] != issue.product_id:
        place(issue)
    changes = log.difference(before, log.state(issue, before))
    if not changes:
        return issue
    if "labels" in changes:
        _save_labels(issue)
    if not changes.keys().isdisjoint({"description", "product"}):
        issue.description_html = render_in(issue.product, issue.description)
    if "product" in changes:
        _link_anew(issue)
    issue.lock_version += 1
    issue.updated_at, issue.updated_by = batch.at, batch.actor
    log.record(batch, kind, about=issue, product=issue.product, issue=issue, changes=changes)
    extra = [*COUNTED, "description_html", "deleted_by", "overdue_at", "waiting_since"]
    save_changed(issue, [*changes, *extra])
    if not TEXTS.isdisjoint(changes):
        fulltext.index([(issue.pk, issue.title, issue.description)])
    if not COMPARED.isdisjoint(changes):
        similar.post([(issue.pk, issue.product_id, issue.title, issue.description)])
    if "duplicate_of" in changes:
        count_votes(*(value["id"] for value in changes["duplicate_of"] if value))
    elif issue.duplicate_of_id and not SHOWN_BY.isdisjoint(changes):
        count_votes(issue.duplicate_of_id)
    elif "product" in changes and count_votes(issue.pk):
        # Not all who see it there see all of its duplicates.
        issue.refresh_from_db(fields=["votes", "lock_version"])
    return issue


def count_votes(*ids):
    """Count the votes of the issues `ids` anew: each person once, with those of the duplicates that all their readers
    see. Return how many of the issues had another number.
    """
    # Locked, or two who vote at once would each count without the other.
    rows = Issue.objects.filter(pk__in=ids).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
    counted = rows.order_by().annotate(counted=_count(OWN_VOTES) + _count(MERGED_VOTES)).exclude(votes=F("counted"))
    return counted.update(votes=F("counted"), lock_version=F("lock_version") + 1)


def _count(votes):
    """Return the expression of how many people have cast `votes`, which name the row outside."""
    people = Func(F("user"), template="COUNT(DISTINCT %(expressions)s)", output_field=IntegerField())
    return Subquery(votes.order_by().annotate(people=people).values("people"))


OWN_VOTES = Vote.objects.filter(issue=OuterRef("pk"))
MERGED_VOTES = Vote.objects.filter(
    access.shown_to_all("issue__duplicate_of__", "issue__"), issue__duplicate_of=OuterRef("pk"), issue__deleted_at=None
).exclude(Exists(Vote.objects.filter(issue=OuterRef("issue__duplicate_of"), user=OuterRef("user"))))


def wake(issue, batch):
    """Note on a locked `issue` that something has happened, until which it may have been snoozed."""
    if issue.snoozed_until is None or issue.snoozed_until <= batch.at:
        return
    before = log.state(issue, ("snoozed_until", *RETURN_FIELDS))
    rules.snooze(issue, None, batch.at)
    if issue.is_in_triage:
        rules.bring_back(issue, batch.at, Return.ACTIVITY)
    finish(issue, before, batch, Kind.RETURNED)


def take_duplicates_along(issue, batch, but=()):
    """Make the duplicates of `issue`, which has become one itself, duplicates of its original, `but` some of them."""
    for duplicate in Issue.objects.filter(duplicate_of=issue).exclude(pk__in=but).order_by("pk"):
        duplicate = Issue.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=duplicate.pk)
        before = log.state(duplicate, ["duplicate_of"])
        duplicate.duplicate_of = issue.duplicate_of
        finish(duplicate, before, batch)


def _save_labels(issue):
    links = IssueLabel.objects.filter(issue=issue)
    wanted = {label.pk for label in issue.label_list}
    present = set(links.values_list("label_id", flat=True))
    links.filter(label_id__in=present - wanted).delete()
    IssueLabel.objects.bulk_create(IssueLabel(issue=issue, label_id=pk) for pk in wanted - present)


def touch(issue, batch):
    """Note on a locked `issue` that `batch` changed something about it that every reader can see."""
    issue.lock_version += 1
    issue.updated_at, issue.updated_by = batch.at, batch.actor
