"""The adjectives that issues, comments and saved views are asked for by."""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.lookups import IsNull

from products import access
from products.numbers import read_number


def live_and_seen(user, prefix=""):
    """Return the condition that an issue is seen by `user` and not in the trash; `prefix` leads to the issue."""
    live = Q(**{f"{prefix}deleted_at": None, f"{prefix}product__deleted_at": None})
    return access.visible_issues(user, prefix) & live


class IssueQuerySet(models.QuerySet):
    """Issues."""

    def visible_to(self, user):
        """Return the issues that `user` may see, the trash left out."""
        return self.filter(live_and_seen(user))

    def live(self):
        """Return those that are in the trash neither by themselves nor with their product."""
        return self.filter(deleted_at=None, product__deleted_at=None)

    def visible_in_product(self, user):
        """Return the same of issues in products of which it is known that `user` sees them."""
        return self.filter(access.visible_in_product(user), deleted_at=None)

    def trashed_for(self, user):
        """Return the issues in the trash that `user` may restore."""
        held = access.products_with_role(user, "maintainer", "product__")
        return self.filter(held, deleted_at__isnull=False, product__deleted_at=None)

    def at(self, key):
        """Return the issue that `key` (WEB-142, in any case) names or once named, or None."""
        product, _dash, text = key.upper().rpartition("-")
        number = read_number(text)
        if number is None:
            return None
        present = self.filter(product__key=product, number=number).first()
        if present is not None:
            return present
        moved = self.filter(numbers__product__keys__key=product, numbers__number=number).first()
        return moved or self.filter(former_keys__key=f"{product}-{number}").first()

    def named(self, keys):
        """Return those of `keys`, written as `Issue.key`, that name or once named one of these issues, as a set."""
        keys, numbers = set(keys), {}
        for product, _dash, number in (key.rpartition("-") for key in keys):
            numbers.setdefault(product, set()).add(int(number))
        found = set()
        for product, some in numbers.items():
            rows = self.filter(numbers__product__keys__key=product, numbers__number__in=some)
            found |= {f"{product}-{number}" for number in rows.values_list("numbers__number", flat=True)}
        if keys - found:
            found |= set(self.filter(former_keys__key__in=keys - found).values_list("former_keys__key", flat=True))
        return found

    def locked(self):
        """Return them to be locked in the order in which all lock issues: duplicates first, and the oldest first.

        Whoever writes to a duplicate holds it when they come to its original, where they count its votes.
        """
        ordered = self.order_by(IsNull(F("duplicate_of"), True), "pk")
        return ordered.select_for_update(of=("self",), no_key=True)

    def open(self):
        """Return those that are not closed."""
        return self.filter(closed_at=None)

    def closed(self):
        """Return those that are closed."""
        return self.filter(closed_at__isnull=False)

    def in_triage(self):
        """Return those whose status is of the category *triage*."""
        return self.filter(status__category="triage")


class CommentQuerySet(models.QuerySet):
    """Comments."""

    def visible_to(self, user):
        """Return the comments that `user` may see, the trash left out."""
        return self.filter(live_and_seen(user, "issue__"), access.visible_comments(user), deleted_at=None)

    def trashed_for(self, user):
        """Return the comments in the trash that `user` may restore."""
        held = access.products_with_role(user, "maintainer", "issue__product__")
        return self.filter(held, deleted_at__isnull=False, issue__deleted_at=None, issue__product__deleted_at=None)


class AttachmentQuerySet(models.QuerySet):
    """Attachments."""

    def visible_to(self, user):
        """Return the attachments that `user` may see: those of what they see, the trash left out."""
        return self.filter(self._on_visible(user), deleted_at=None)

    def trashed_for(self, user):
        """Return the attachments in the trash that `user` may restore."""
        held = access.products_with_role(user, "maintainer", "issue__product__")
        return self.filter(self._on_visible(user), held, deleted_at__isnull=False)

    def _on_visible(self, user):
        """Return the condition that an attachment is on what `user` sees."""
        said = access.visible_internals(user, "comment__", "issue__product__") & Q(comment__deleted_at=None)
        return live_and_seen(user, "issue__") & (Q(comment=None) | said)

    def gone(self):
        """Return those in the trash, be it with their comment."""
        return self.filter(Q(deleted_at__isnull=False) | Q(comment__deleted_at__isnull=False))

    def kept(self):
        """Return those whose file is there, in the trash or not."""
        return self.exclude(digest="")


class SavedViewQuerySet(models.QuerySet):
    """Saved views."""

    def visible_to(self, user):
        """Return the views that `user` may see, those that were deleted left out."""
        return self.seen_by(user).filter(archived_at=None)

    def seen_by(self, user):
        """Return the same with those that were deleted, for their history."""
        return self.filter(access.visible_views(user), product__deleted_at=None)

    def with_pins_of(self, user):
        """Return them with `pinned`: whether `user` has them in the side bar."""
        if not access.is_person(user):
            return self.annotate(pinned=Value(False))
        pins = self.model._meta.get_field("pins").related_model.objects.filter(view=OuterRef("pk"), user=user.pk)
        return self.annotate(pinned=Exists(pins))

    def pinned_by(self, user):
        """Return those that `user` sees in the side bar, in their order."""
        return self.visible_to(user).filter(pins__user=user.pk).order_by("pins__position", "pins__id")

    def default_of(self, product):
        """Return the view that the list of `product` opens with, or None."""
        return self.filter(product=product, is_default=True, archived_at=None).first()

    def hide_events(self, events, user):
        """Return `events` without those about views and pins that `user` may not see.

        What was done to a view while it was personal is for its owner, a pin for who has set it.
        """
        about = self.seen_by(user).filter(pk=OuterRef("about_id"))
        reader = user.pk if access.is_person(user) else None
        seen = Q(about="savedview") & (Exists(about.filter(owner=reader)) | Q(internal=False) & Exists(about))
        # What is pinned may be of a product that a token is not for.
        pins = Q(about="savedviewpin", actor=reader) if reader and access.limit(user) is None else Q(pk__in=[])
        return events.filter(~Q(about__in=("savedview", "savedviewpin")) | seen | pins)
