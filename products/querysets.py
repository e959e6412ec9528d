"""The adjectives that products and their parts are asked for by."""

from django.db import models

from products import access


class ProductQuerySet(models.QuerySet):
    """Products."""

    def visible_to(self, user):
        """Return the products that `user` may see, the trash left out."""
        return self.filter(access.visible_products(user), deleted_at=None)

    def trashed_for(self, user):
        """Return the products in the trash that `user` may restore."""
        return self.filter(access.products_with_role(user, "maintainer"), deleted_at__isnull=False)

    def at(self, key):
        """Return the product whose key is or once was `key`, in any case, or None."""
        key = key.upper()
        return self.filter(key=key).first() or self.filter(keys__key=key).first()

    def active(self):
        """Return those that are not archived."""
        return self.filter(archived_at=None)


class PartQuerySet(models.QuerySet):
    """Components, milestones, versions and labels."""

    def visible_to(self, user):
        """Return the parts of products that `user` may see; what belongs to the site is seen by all."""
        seen = models.Q(product__deleted_at=None) & access.visible_products(user, "product__")
        return self.filter(seen | models.Q(product=None))

    def active(self):
        """Return those that are not archived."""
        return self.filter(archived_at=None)
