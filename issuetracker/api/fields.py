"""Serializers that take nothing they do not know, and the fields that all resources use."""

from collections.abc import Mapping
from copy import copy, deepcopy

from django.conf import settings
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from accounts.models import User
from issuetracker.api.parsers import PAGE_FIELD


def is_count(value, told):
    """Return whether `value` is a number of things; they come and go."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_earlier_version(value, told):
    """Return whether `value` is a version before the one that is `told` now."""
    return is_count(value, told) and 1 <= value <= told["lock_version"]


def moment_of(value):
    """Return the moment that `value` is, as the API writes it, or None."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and is_aware(moment) else None


def is_earlier_moment(value, told):
    """Return whether `value` is a moment between the creation and the last change that are `told` now."""
    moment, first, last = moment_of(value), moment_of(told["created_at"]), moment_of(told["updated_at"])
    return moment is not None and first <= moment <= last


def is_person(value, told):
    """Return whether `value` is how a person is written, or nobody."""
    named = isinstance(value, Mapping) and set(value) == {"username", "display_name"}
    return value is None or (named and all(isinstance(text, str) for text in value.values()))


def is_text(value, told):
    """Return whether `value` is a text."""
    return isinstance(value, str)


class StrictSerializer(serializers.Serializer):
    """Refuses unknown fields, and read-only ones unless they are what the client got.

    `ONCE` are fields that are set at creation and never again; `LATER` those that cannot be set at creation.
    `DEFAULTS` is what PUT sets where a field is left out. `MOVING` says of the read-only fields that others move, as by
    a comment, what a client may have got before: that may be sent back, too. `EARLIER` says the same of those that only
    move with the version, for who sends along the one that they had.
    """

    MOVING = {
        "comment_count": is_count,
        "lock_version": is_earlier_version,
        "updated_at": is_earlier_moment,
        "updated_by": is_person,
        "votes": is_count,
    }
    EARLIER = {"created_by": is_person, "description_html": is_text, "owner": is_person, "url": is_text}
    ONCE: tuple = ()
    LATER: tuple = ()
    DEFAULTS: dict = {}

    def get_fields(self):
        """Return the fields; where a request is read only those that it may set or sends, since each is a copy."""
        if not hasattr(self, "initial_data"):
            return super().get_fields()
        sent = set(self.initial_data) if isinstance(self.initial_data, Mapping) else set()
        return {
            name: _copied(field)
            for name, field in self._declared_fields.items()
            if name in sent or not (self.partial or field.read_only)
        }

    def to_internal_value(self, data):
        """Return the validated values, before any look-up. Raises ValidationError with all that is wrong."""
        errors = self._refused(data) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            errors = {**error.detail, **errors}
        if errors:
            raise ValidationError(errors)
        settled = self.LATER if self.instance is None else self.ONCE
        return {name: value for name, value in values.items() if name not in settled}

    def _refused(self, data):
        errors = {}
        for name, value in data.items():
            field = self.fields.get(name)
            if name == PAGE_FIELD and isinstance(data, QueryDict):
                continue
            if field is None:
                errors[str(name)] = [ErrorDetail(_("There is no such field."), "unknown")]
            elif self._is_settled(name, field) and not self._is_present(name, value):
                errors[name] = [ErrorDetail(_("This cannot be set here."), "read_only")]
        return errors

    def _is_settled(self, name, field):
        return field.read_only or name in (self.LATER if self.instance is None else self.ONCE)

    def _is_present(self, name, value):
        """Return whether `value` is what a client has got, or would get, for the field."""
        if self.instance is None:
            return name in self.LATER and value in (None, False)
        if not hasattr(self, "_present"):
            self._present = type(self)(self.instance, context=self.context).data
        if self._present.get(name) == value:
            return True
        may_have_been = self.MOVING.get(name) or (self._has_version and self.EARLIER.get(name))
        return bool(may_have_been and may_have_been(value, self._present))

    @property
    def _has_version(self):
        """Whether what is sent comes with the version that it was read in."""
        return "lock_version" in self._present and is_earlier_version(
            self.initial_data.get("lock_version"), self._present
        )

    @property
    def changes(self):
        """What the request asks to set: for PUT also the defaults of what it left out."""
        values = dict(self.validated_data)
        if self.instance is None or self.partial:
            return values
        left_out = [name for name in self.DEFAULTS if name not in values and self.may_reset(name)]
        return {**{name: self.default_of(name, values) for name in left_out}, **values}

    def may_reset(self, name):
        """Return whether PUT sets `name` to its default where it is left out."""
        return True

    def default_of(self, name, values):
        """Return what PUT sets `name` to where it is left out. `values` is what it does set."""
        return self.DEFAULTS[name]


def _copied(field):
    """Return a copy of a declared field to bind: a flat one, which is a tenth of the price, where none is within it."""
    holders = serializers.BaseSerializer, serializers.ManyRelatedField
    within = isinstance(field, holders) or hasattr(field, "child")
    return deepcopy(field) if within else copy(field)


class OnlyText:
    """What takes no number for a text."""

    default_error_messages = {"text": gettext_lazy("This must be a text.")}

    def to_internal_value(self, data):
        """Return `data` if it is a text."""
        if not isinstance(data, str):
            self.fail("text")
        return super().to_internal_value(data)


class Text(OnlyText, serializers.CharField):
    """A text, kept as it is written."""

    def __init__(self, **options):
        super().__init__(trim_whitespace=False, **options)


class Slug(OnlyText, serializers.SlugField):
    """A name for addresses."""


class Email(OnlyText, serializers.EmailField):
    """An address for mail."""


class Flag(serializers.BooleanField):
    """True or false, and nothing that might mean either."""

    def to_internal_value(self, data):
        """Return `data` if it is a boolean."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Whole(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data):
        """Return `data` if it is an integer."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Choice(serializers.ChoiceField):
    """One of some words; nothing is null."""

    default_error_messages = {"invalid_choice": gettext_lazy("“{input}” is none of: {words}.")}
    # So much of what was sent is told again.
    TOLD = 100

    def to_internal_value(self, data):
        """Return `data` if it is one of the words."""
        if isinstance(data, (list, Mapping)):
            message = _("This must be one of: %(words)s.") % {"words": ", ".join(self.choices)}
            raise ValidationError(message, "invalid_choice")
        if not isinstance(data, str) or data not in self.choices:
            told = Truncator(str(data)).chars(self.TOLD)
            self.fail("invalid_choice", input=told, words=", ".join(self.choices))
        return data

    def to_representation(self, value):
        """Return the word, or None where there is none."""
        return value or None


def person(user):
    """Return how a person is written wherever one is named, or None."""
    return {"username": user.username, "display_name": user.display_name} if user is not None else None


class PersonField(serializers.Field):
    """A person, read as `{"username", "display_name"}`; written as the user name, or as it was read."""

    default_error_messages = {
        "unknown": gettext_lazy("There is no such person."),
        "invalid": gettext_lazy("Name a person by the user name."),
    }

    def to_internal_value(self, data):
        """Return the User that `data` names."""
        if isinstance(data, Mapping) and set(data) <= {"username", "display_name"}:
            data = data.get("username")
        if not isinstance(data, str):
            self.fail("invalid")
        user = User.objects.called(data)
        if user is None:
            self.fail("unknown")
        return user

    def to_representation(self, value):
        """Return the person's names."""
        return person(value)


class PersonFieldSchema(OpenApiSerializerFieldExtension):
    """How the schema describes persons."""

    target_class = PersonField

    def map_serializer_field(self, auto_schema, direction):
        """Return the schema of what is read, or of what may be written."""
        read = {"$ref": "#/components/schemas/Person"}
        return {"oneOf": [{"type": "string", "minLength": 1}, read]} if direction == "request" else read


@extend_schema_field(OpenApiTypes.URI)
class AddressField(serializers.ReadOnlyField):
    """The address of the page about the row."""

    def __init__(self, **options):
        super().__init__(source="*", **options)

    def to_representation(self, value):
        """Return the whole address."""
        return f"{settings.SITE_URL}{value.get_absolute_url()}"
