"""Products, their components, milestones, versions, labels and members."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated

from issuetracker.api.views import Created, Described, Ended, Listed, Passing, Read, Resource, Updated
from issuetracker.keyset import Key
from products import access, services
from products.api import serializers
from products.finding import find
from products.models import Component, Label, Member, Milestone, Product, Version

PEOPLE = ("owner", "created_by", "updated_by")


def find_product(view, key):
    """Return the product called `key` for the reader of `view`. Raises Moved where it has another key now, Http404."""
    product = find(view.request.user, key)
    if product is None:
        raise Http404
    if product.key != key:
        raise view.moved(product_key=product.key)
    return product


@extend_schema(tags=["products"])
class ProductViewSet(Described, Listed, Created, Read, Updated, Resource):
    """Products. What also moves their issues, the trash, is in `issues.api`."""

    serializer_class = serializers.ProductSerializer
    row_serializer_class = serializers.ProductRowSerializer
    lookup_field = "key"
    lookup_url_kwarg = "product_key"
    lookup_value_converter = "name"
    ordering = (Key("key"), Key("id"))
    # The service tells what of an archived product can be changed.
    actions = {"create": "create_product", "update": "unarchive", "partial_update": "unarchive"}

    def rows(self):
        """Return the products, with all that their representation needs."""
        return Product.objects.select_related(*PEOPLE)

    def get_queryset(self):
        """Return those that the reader sees."""
        return self.rows().visible_to(self.request.user)

    def miss(self):
        """Raise Moved where the URL has an old key."""
        find_product(self, self.kwargs["product_key"])

    def perform_create(self, fields):
        """Create the product. Return it."""
        return services.create_product(**self.doing, **fields)

    def perform_update(self, row, expected, changes):
        """Change the product. Return it."""
        return services.update_product(row, expected_version=expected, **self.doing, **changes)


class OfProduct(Resource):
    """What belongs to one product."""

    def find_home(self):
        """Return the product of the URL."""
        return find_product(self, self.kwargs["product_key"])


class PartViewSet(Listed, Created, Read, Updated, Ended, OfProduct):
    """Components, milestones, versions and labels of a product."""

    model: type = Component
    related: tuple = ()
    lookup_value_converter = "int"
    ordering = (Key("name"), Key("id"))
    actions = dict.fromkeys(("create", "update", "partial_update", "destroy"), "maintain")

    def rows(self):
        """Return the parts, with all that their representation needs."""
        return self.model.objects.select_related("product", *self.related)

    def get_queryset(self):
        """Return those of the product of the URL, if the reader sees it."""
        return self.rows().visible_to(self.request.user).filter(product__key=self.kwargs["product_key"])

    def home_of(self, row):
        """Return the product that the part belongs to."""
        return row.product

    def perform_create(self, fields):
        """Create a part of the product of the URL. Return it."""
        options = {"product": self.home, "expected_version": self.home and self.expected(self.home)}
        return services.create_part(self.model, **options, **self.doing, **fields)

    def perform_update(self, row, expected, changes):
        """Change the part. Return it."""
        return services.update_part(row, expected_version=expected, **self.doing, **changes)

    def perform_destroy(self, row, expected):
        """Archive the part, since history names it for ever. Return it."""
        return services.update_part(row, expected_version=expected, archived=True, **self.doing)


@extend_schema(tags=["parts of products"])
class ComponentViewSet(PartViewSet):
    """The components of a product."""

    model = Component
    related = ("triage_owner", "default_assignee")
    serializer_class = serializers.ComponentSerializer


@extend_schema(tags=["parts of products"])
class MilestoneViewSet(PartViewSet):
    """The milestones of a product."""

    model = Milestone
    serializer_class = serializers.MilestoneSerializer


@extend_schema(tags=["parts of products"])
class VersionViewSet(PartViewSet):
    """The versions of a product."""

    model = Version
    serializer_class = serializers.VersionSerializer


@extend_schema(tags=["parts of products"])
class LabelViewSet(PartViewSet):
    """The labels of a product."""

    model = Label
    serializer_class = serializers.LabelSerializer


@extend_schema(tags=["site"])
class SiteLabelViewSet(PartViewSet):
    """The labels of the whole site, which fit the issues of every product."""

    model = Label
    serializer_class = serializers.LabelSerializer
    write_scope = "admin"
    actions = dict.fromkeys(("create", "update", "partial_update", "destroy"), "edit_site_labels")

    def get_queryset(self):
        """Return those that belong to no product."""
        return self.rows().filter(product=None)

    def find_home(self):
        """Find nothing above them."""


@extend_schema(tags=["parts of products"])
class MemberViewSet(Listed, Created, Read, Updated, Passing, OfProduct):
    """The members of a product, by user name, for who is signed in."""

    serializer_class = serializers.MemberSerializer
    lookup_field = "user__username"
    lookup_url_kwarg = "username"
    lookup_value_converter = "name"
    ordering = (Key("user__username"),)
    for_people = True
    actions = dict.fromkeys(("create", "update", "partial_update", "destroy"), "maintain")

    def rows(self):
        """Return the members, with all that their representation needs."""
        return Member.objects.select_related("user", "product")

    def get_queryset(self):
        """Return those of the product of the URL, if the reader sees it. Raises as `find_home`, or NotAuthenticated."""
        if not access.is_person(self.request.user):
            self.find_home()
            raise NotAuthenticated
        seen = access.visible_products(self.request.user, "product__")
        return self.rows().filter(seen, product__deleted_at=None, product__key=self.kwargs["product_key"])

    def home_of(self, row):
        """Return the product that the member belongs to."""
        return row.product

    def perform_create(self, fields):
        """Give a person a role. Return the Member. Raises Conflict where the person has one."""
        role = fields.get("role", Member.Role.REPORTER)
        options = {"is_member": False, "product_version": self.expected(self.home)}
        return services.set_member(self.home, fields["user"], role, **options, **self.doing)

    def perform_update(self, row, expected, changes):
        """Change the role. Return the Member. Raises Member.DoesNotExist where somebody has ended the membership."""
        role, options = changes.get("role", row.role), {"expected_version": expected, "is_member": True}
        return services.set_member(row.product, row.user, role, **options, **self.doing)

    def perform_destroy(self, row, expected):
        """End the membership."""
        services.set_member(row.product, row.user, None, expected_version=expected, **self.doing)
