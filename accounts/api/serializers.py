"""How people are written in the API."""

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import ALL_SCOPES, SCOPES, User
from issuetracker.api.fields import Choice, Email, Flag, StrictSerializer, Text, is_text


@extend_schema_serializer(component_name="Person")
class PersonSerializer(serializers.Serializer):
    """A person, as others see them."""

    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)


class MeSerializer(StrictSerializer):
    """Oneself: who one is, and one's preferences."""

    EARLIER = {"username": is_text, "is_staff": lambda value, told: isinstance(value, bool)}

    id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = Text(max_length=150, required=False, allow_blank=True)
    email = Email(max_length=254, required=False, allow_blank=True)
    time_zone = Text(max_length=64, required=False)
    theme = Choice(choices=User.Theme.choices, required=False)
    single_key_shortcuts = Flag(required=False)
    is_staff = serializers.BooleanField(read_only=True)
    lock_version = serializers.IntegerField(read_only=True)


class ScopeField(Choice):
    """What a token is for. A feed's is told, too, but made by the page of the feed alone."""

    def __init__(self, **options):
        super().__init__(choices=SCOPES, **options)


class ScopeFieldSchema(OpenApiSerializerFieldExtension):
    """How the schema describes scopes."""

    target_class = ScopeField

    def map_serializer_field(self, auto_schema, direction):
        """Return the schema of what is read, or of what may be written."""
        return {"type": "string", "enum": [*(SCOPES if direction == "request" else ALL_SCOPES)]}


class TokenSerializer(StrictSerializer):
    """A token of one's own. Its `secret` is told once, by the answer that makes it."""

    SOMETIMES = ("secret",)

    id = serializers.IntegerField(read_only=True)
    name = Text(max_length=100)
    prefix = serializers.CharField(read_only=True)
    scopes = serializers.ListField(child=ScopeField(), allow_empty=False, max_length=len(SCOPES))
    products = serializers.DictField(
        child=Choice(choices=("read", "write")),
        required=False,
        allow_null=True,
        help_text="The scope in each product that it is for, by key; null: it is for all.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    secret = serializers.CharField(read_only=True, required=False)
