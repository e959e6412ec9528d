"""The adjectives that issues and comments are asked for by."""

from django.db import models

from products import access
from products.numbers import read_number


class IssueQuerySet(models.QuerySet):
    """Issues."""

    def visible_to(self, user):
        """Return the issues that `user` may see, the trash left out."""
        return self.filter(access.visible_issues(user), deleted_at=None, product__deleted_at=None)

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
        return self.filter(numbers__product__keys__key=product, numbers__number=number).first()

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
        seen = access.visible_issues(user, "issue__") & access.visible_comments(user)
        return self.filter(seen, deleted_at=None, issue__deleted_at=None, issue__product__deleted_at=None)

    def trashed_for(self, user):
        """Return the comments in the trash that `user` may restore."""
        held = access.products_with_role(user, "maintainer", "issue__product__")
        return self.filter(held, deleted_at__isnull=False, issue__deleted_at=None, issue__product__deleted_at=None)
