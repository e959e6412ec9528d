"""Every write to products, their parts and their members."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from history import log
from history.errors import Conflict
from history.models import Kind
from history.writing import check, in_any_case, lock, refuse_unknown, save_named
from products import access, following
from products.access import authorize
from products.linking import render_in
from products.models import Component, Label, Member, Milestone, Product, ProductKey, Version

PRODUCT_FIELDS = frozenset(
    {"key", "title", "description", "owner", "visibility", "members_skip_triage", "triage_days", "archived"}
)
PART_FIELDS = {
    Component: frozenset({"name", "description", "triage_owner", "default_assignee", "archived"}),
    Milestone: frozenset({"name", "due_on", "state", "archived"}),
    Version: frozenset({"name", "archived"}),
    Label: frozenset({"name", "description", "colour", "archived"}),
}
PEOPLE = {"owner", "triage_owner", "default_assignee"}


@transaction.atomic
def create_product(*, actor, via, **fields):
    """Create a product (`key` and `title` needed) whose creator becomes its maintainer. Return it.

    `actor` None is the site itself: a command on the server. Raises Forbidden, or ValidationError by field.
    """
    if actor is not None:
        authorize(actor, "create_product")
    refuse_unknown(fields, PRODUCT_FIELDS - {"archived"})
    product = Product(**fields, created_by=actor, updated_by=actor)
    product.owner = product.owner or actor
    check(product)
    product.description_html = render_in(product, product.description)
    if product.owner != actor:
        # Whoever makes it sees it, being its maintainer then.
        _check_people(product, product, {"owner"})
    _refuse_used_key(product)
    save_named(product)
    ProductKey.objects.create(key=product.key, product=product)
    batch = log.open_batch(actor=actor, via=via)
    log.record(batch, Kind.CREATED, about=product, product=product, state=log.present(product))
    if actor is not None:
        _write_member(batch, product, actor, Member.Role.MAINTAINER)
        access.forget_roles(actor)
    return product


@transaction.atomic
def update_product(product, *, actor, via, expected_version=None, **changes):
    """Change the named fields of `product` (`archived` is true or false). Return it as it is then.

    Raises Forbidden, Stale, or ValidationError by field.
    """
    refuse_unknown(changes, PRODUCT_FIELDS)
    # Without its owner: whoever had to wait would be given the one from before beside the present row.
    product = lock(Product.objects.all(), product, expected_version)
    authorize(actor, "unarchive" if changes.get("archived") is False else "maintain", product)
    before = log.state(product)
    _set(product, changes)
    return finish_product(product, before, log_to=lambda: log.open_batch(actor=actor, via=via))


def finish_product(product, before, *, log_to, kind=Kind.CHANGED):
    """Save what differs from the state `before` of a locked product, with its event in the batch of `log_to()`."""
    changes = log.difference(before, log.state(product))
    if not changes:
        return product
    _check_people(product, product, changes)
    if "key" in changes:
        check(product)
        _refuse_used_key(product)
        ProductKey.objects.get_or_create(key=product.key, defaults={"product": product})
    check(product)
    batch = log_to()
    product.description_html = render_in(product, product.description)
    product.lock_version += 1
    product.updated_at, product.updated_by = batch.at, batch.actor
    save_named(product, [*changes, "description_html", "lock_version", "updated_at", "updated_by", "deleted_by"])
    following.tell(product, changes, batch)
    log.record(batch, kind, about=product, product=product, changes=changes)
    return product


def _refuse_used_key(product):
    known = ProductKey.objects.filter(key=product.key).first()
    # A new product has no id, and neither has the key of one that was purged.
    if known is not None and (product.pk is None or known.product_id != product.pk):
        raise ValidationError({"key": ValidationError(_("This key is taken, or was once used."), code="unique")})


def _set(row, changes):
    for field, value in changes.items():
        if field == "archived":
            row.archived_at = (row.archived_at or timezone.now()) if value else None
        else:
            setattr(row, field, value)


def _check_people(row, product, changed):
    errors = {}
    for field in PEOPLE.intersection(changed):
        person = getattr(row, field)
        if person is not None and not access.may_be_asked(person, product):
            message = _("%(user)s is not active, or cannot see this product.") % {"user": person}
            errors[field] = ValidationError(message, code="person")
    if errors:
        raise ValidationError(errors)


@transaction.atomic
def trash_product(product, *, actor, via, expected_version=None):
    """Move `product` with its issues to the trash, from where it can be restored for 30 days. Return it."""
    product = lock(Product.objects.filter(deleted_at=None), product, expected_version)
    authorize(actor, "trash", product)
    before = log.state(product)
    product.deleted_at, product.deleted_by = timezone.now(), actor
    return finish_product(product, before, log_to=lambda: log.open_batch(actor=actor, via=via), kind=Kind.TRASHED)


@transaction.atomic
def restore_product(product, *, actor, via, expected_version=None):
    """Take `product` with its issues out of the trash. Return it."""
    product = lock(Product.objects.filter(deleted_at__isnull=False), product, expected_version)
    authorize(actor, "restore", product)
    before = log.state(product)
    product.deleted_at = product.deleted_by = None
    return finish_product(product, before, log_to=lambda: log.open_batch(actor=actor, via=via), kind=Kind.RESTORED)


@transaction.atomic
def create_part(model, *, product, actor, via, expected_version=None, **fields):
    """Create a Component, Milestone, Version or Label (`model`) of `product`; a Label of the site where that is None.

    `actor` None is the site itself, `expected_version` that of the product. Returns it. Raises Forbidden, Stale, or
    ValidationError by field.
    """
    if expected_version is not None:
        product = lock(Product.objects.all(), product, expected_version)
    if actor is not None:
        _authorize_part(actor, product)
    refuse_unknown(fields, PART_FIELDS[model])
    part = model(product=product)
    _set(part, fields)
    check(part)
    _check_people(part, product, fields)
    _check_name(part)
    save_named(part)
    batch = log.open_batch(actor=actor, via=via)
    log.record(batch, Kind.CREATED, about=part, product=product, state=log.present(part))
    return part


@transaction.atomic
def update_part(part, *, actor, via, expected_version=None, **changes):
    """Change the named fields of a component, milestone, version or label (`archived` is true or false). Return it.

    Raises Forbidden, Stale, or ValidationError by field.
    """
    model = type(part)
    refuse_unknown(changes, PART_FIELDS[model])
    part = lock(model.objects.select_related("product"), part, expected_version)
    _authorize_part(actor, part.product)
    before = log.state(part)
    _set(part, changes)
    return finish_part(part, before, lambda: log.open_batch(actor=actor, via=via))


def finish_part(part, before, log_to):
    """Save what differs from the state `before` of a locked part, with its event in the batch of `log_to()`."""
    changes = log.difference(before, log.state(part))
    if changes:
        _check_people(part, part.product, changes)
        check(part)
        if "name" in changes:
            _check_name(part)
        part.lock_version += 1
        save_named(part, [*changes, "lock_version"])
        log.record(log_to(), Kind.CHANGED, about=part, product=part.product, changes=changes)
    return part


def _authorize_part(actor, product):
    if product is None:
        authorize(actor, "edit_site_labels")
    else:
        authorize(actor, "maintain", product)


def _check_name(part):
    if isinstance(part, Label):
        others = Label.objects.filter(in_any_case("name", part.name)).exclude(pk=part.pk)
        if part.product is not None:
            others = others.filter(product=None)
        if others.exists():
            message = _("There is a label of that name already: a product and the site cannot both have it.")
            raise ValidationError({"name": ValidationError(message, code="unique")})


@transaction.atomic
def set_member(product, user, role, *, actor, via, expected_version=None, is_member=None, product_version=None):
    """Give `user` the role named `role` in `product`, or none where it is None. Return the Member, or None.

    `actor` None is the site itself: what the groups of a provider give. `is_member` is what the caller has found the
    user to be, `product_version` the version that the product has to have. Raises Forbidden, Stale, Member.DoesNotExist
    where the one that was seen is gone, Conflict where there is one meanwhile (and the last maintainer stays), or
    ValidationError by field.
    """
    product = lock(Product.objects.all(), product, product_version)
    if actor is not None:
        authorize(actor, "maintain", product)
    member = Member.objects.filter(product=product, user=user).first()
    if member is not None and expected_version is not None:
        lock(Member.objects.all(), member, expected_version)
    elif member is None and (expected_version or is_member):
        raise Member.DoesNotExist
    elif member is not None and is_member is False:
        raise Conflict(_("This person is a member already: change the role instead."), "exists")
    _check_role(product, user, member, role)
    if (member.role if member else None) != role:
        _write_member(log.open_batch(actor=actor, via=via), product, user, role)
    access.forget_roles(user)
    return Member.objects.filter(product=product, user=user).first()


def _check_role(product, user, member, role):
    if role is not None and role not in Member.Role.values:
        raise ValidationError({"role": ValidationError(_("There is no such role."), code="choice")})
    if role is not None and not user.is_active:
        raise ValidationError({"user": ValidationError(_("This account is not active."), code="person")})
    if member is not None and member.role == Member.Role.MAINTAINER and role != Member.Role.MAINTAINER:
        others = product.members.filter(role=Member.Role.MAINTAINER, user__is_active=True).exclude(pk=member.pk)
        if not others.exists():
            raise Conflict(_("A product keeps at least one maintainer: name another one first."), "last_maintainer")


def _write_member(batch, product, user, role):
    member = Member.objects.filter(product=product, user=user).first() or Member(product=product, user=user, role="")
    before = member.role or None
    if role is None:
        about_id = member.pk
        member.delete()
        member.pk = about_id
    else:
        member.lock_version += 1 if before else 0
        member.role = role
        member.save()
    changes = {"user": (None, log.freeze(user)), "role": (before, role)}
    access.forget_roles(user)
    following.tell(product, changes, batch)
    log.record(batch, Kind.MEMBER_CHANGED, about=member, product=product, changes=changes)


def revert_member(event, user, change, undoing):
    """Give `user` back the role before `change` in the batch `undoing`, unless it was changed since.

    Returns what was left alone, as the undo reports it.
    """
    product = lock(Product.objects.all(), event.product)
    member = Member.objects.filter(product=product, user=user).first()
    if (member.role if member else None) != change.after:
        return [{"issue": None, "field": "role", "by": None}]
    _check_role(product, user, member, change.before)
    _write_member(undoing, product, user, change.before)
    return []
