"""How people are written in the API."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import User
from issuetracker.api.fields import Choice, Flag, StrictSerializer, Text


@extend_schema_serializer(component_name="Person")
class PersonSerializer(serializers.Serializer):
    """A person, as others see them."""

    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)


class MeSerializer(StrictSerializer):
    """Oneself: who one is, and one's preferences."""

    id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = Text(max_length=150, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    time_zone = Text(max_length=64, required=False)
    theme = Choice(choices=User.Theme.choices, required=False)
    single_key_shortcuts = Flag(required=False)
    is_staff = serializers.BooleanField(read_only=True)
    lock_version = serializers.IntegerField(read_only=True)
