"""How products, their parts and their members are written in the API."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from issuetracker.api.fields import AddressField, Choice, Flag, PersonField, StrictSerializer, Text, Whole
from products.models import PALETTE, TEXT_LIMIT, Member, Milestone, Product

COLOURS = [(name, name) for name in PALETTE]


class ProductSerializer(StrictSerializer):
    """A product."""

    LATER = ("archived",)
    DEFAULTS = {
        "description": "",
        "owner": None,
        "visibility": Product.Visibility.PUBLIC,
        "archived": False,
        "members_skip_triage": False,
        "triage_days": 7,
    }

    id = serializers.IntegerField(read_only=True)
    key = Text(min_length=2, validators=Product._meta.get_field("key").validators)
    title = Text(max_length=200)
    description = Text(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    description_html = serializers.CharField(read_only=True)
    owner = PersonField(required=False, allow_null=True)
    visibility = Choice(choices=Product.Visibility.choices, required=False)
    archived = Flag(required=False)
    members_skip_triage = Flag(required=False)
    triage_days = Whole(required=False, min_value=1, max_value=365)
    lock_version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    created_by = PersonField(read_only=True, allow_null=True)
    updated_by = PersonField(read_only=True, allow_null=True)
    url = AddressField()


class ProductRowSerializer(ProductSerializer):
    """A product in a list."""

    SOMETIMES = ("description",)

    description_html = None


class PartSerializer(StrictSerializer):
    """What components, milestones, versions and labels have in common."""

    LATER = ("archived",)
    DEFAULTS: dict = {"archived": False}

    id = serializers.IntegerField(read_only=True)
    name = Text(max_length=100)


class ComponentSerializer(PartSerializer):
    """A part of a product."""

    DEFAULTS = {**PartSerializer.DEFAULTS, "description": "", "triage_owner": None, "default_assignee": None}

    description = Text(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    triage_owner = PersonField(required=False, allow_null=True)
    default_assignee = PersonField(required=False, allow_null=True)
    archived = Flag(required=False)


class MilestoneSerializer(PartSerializer):
    """A date or release that work is planned for."""

    DEFAULTS = {**PartSerializer.DEFAULTS, "due_on": None, "state": Milestone.State.OPEN}

    due_on = serializers.DateField(required=False, allow_null=True)
    state = Choice(choices=Milestone.State.choices, required=False)
    archived = Flag(required=False)


class VersionSerializer(PartSerializer):
    """A version in which a bug was found or fixed."""

    archived = Flag(required=False)


class LabelSerializer(PartSerializer):
    """A mark on issues."""

    DEFAULTS = {**PartSerializer.DEFAULTS, "description": "", "colour": "gray"}

    description = Text(required=False, allow_blank=True, max_length=200)
    colour = Choice(choices=COLOURS, required=False)
    archived = Flag(required=False)


@extend_schema_field(str)
class UserNameField(PersonField):
    """A person, by the user name alone."""

    def to_representation(self, value):
        """Return the user name."""
        return value.username


class MemberSerializer(StrictSerializer):
    """A person's role in a product."""

    ONCE = ("user",)
    DEFAULTS = {"role": Member.Role.REPORTER}

    user = UserNameField()
    role = Choice(choices=Member.Role.choices, required=False)


class RedactionSerializer(StrictSerializer):
    """Which text is to be blanked, here and in all history."""

    field = Text(max_length=32)
