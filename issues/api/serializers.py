"""How issues and what hangs on them are written in the API."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty

from history.models import Batch, Kind, Via
from history.writing import called, in_any_case
from issues.choices import COLUMNS, DECLINED, GROUPS, Decision, Return, slugs
from issues.events import counts_hidden, outcome_of
from issues.models import TITLE_LIMIT, Category, Issue, NeedInfo, Priority, Severity
from issues.query.parsing import CHARACTERS
from issues.rules import LABELS_LIMIT, find_status, first_status, seen_link, settable
from issuetracker.api.fields import (
    AddressField,
    Choice,
    Flag,
    PersonField,
    Slug,
    StrictSerializer,
    Text,
    Whole,
    is_count,
    is_person,
    is_text,
    moment_of,
)
from products.finding import find_present
from products.models import PARTS, TEXT_LIMIT, Component, Label

PRIORITIES, SEVERITIES = slugs(Priority), slugs(Severity)
VIEW_COLUMNS, VIEW_GROUPS = list(COLUMNS.items()), list(GROUPS.items())
RELATIONS = [("blocks", "blocks"), ("blocked-by", "blocked by"), ("relates", "relates to")]


def unknown(what):
    """Return the error that there is no `what`."""
    return ErrorDetail(_("There is no “%(what)s”.") % {"what": what}, "unknown")


@extend_schema_field(str)
class NamedField(Text):
    """A row by one of its names, which the serializer looks up."""

    def __init__(self, attribute, **options):
        self.attribute = attribute
        super().__init__(**options)

    def to_representation(self, value):
        """Return the name."""
        return getattr(value, self.attribute)


class IssueKeyField(NamedField):
    """An issue by its key; to those who may not see it, it does not exist."""

    def __init__(self, **options):
        super().__init__("key", required=False, allow_null=True, max_length=30, **options)

    def run_validation(self, data=empty):
        """Return the Issue with the key that `data` is, or None."""
        key = super().run_validation(data)
        if key is None:
            return None
        issue = Issue.objects.visible_to(self.context["request"].user).at(key)
        if issue is None:
            raise ValidationError([unknown(key)])
        return issue

    def get_attribute(self, instance):
        """Return the issue that is named, if the reader sees it."""
        return seen_link(self.context["request"].user, super().get_attribute(instance))


class RankField(Choice):
    """One of the members of an IntegerChoices, by its name in lower case."""

    def __init__(self, ranks, **options):
        self.ranks = ranks
        super().__init__(choices=slugs(ranks), **options)

    def to_internal_value(self, data):
        """Return the rank that the word names."""
        return self.ranks[super().to_internal_value(data).upper()]

    def to_representation(self, value):
        """Return the word for a rank."""
        return self.ranks(value).name.lower()


class LongText(Text):
    """A text of at most 64 KiB, or what is there already: an import may have brought more, which may be sent back."""

    def __init__(self, **options):
        super().__init__(max_length=TEXT_LIMIT, **options)

    def run_validators(self, value):
        """Ask nothing of a text that stays as it is."""
        if value != getattr(self.parent.instance, self.field_name, None):
            super().run_validators(value)


@extend_schema_field(
    {"type": "array", "items": {"type": "string", "maxLength": 100}, "description": f"At most {LABELS_LIMIT} are set."}
)
class LabelsField(serializers.ListField):
    """The names of labels: at most 100, or no more than there are already."""

    def __init__(self, **options):
        super().__init__(child=Text(max_length=100), required=False, max_length=LABELS_LIMIT, **options)

    def run_validators(self, value):
        """Ask nothing of a list that does not grow."""
        issue = self.parent.instance
        is_long = len(value) > LABELS_LIMIT
        if not is_long or issue is None or len(value) > len(self.get_attribute(issue)):
            super().run_validators(value)

    def get_attribute(self, instance):
        """Return the names."""
        if hasattr(instance, "label_rows"):
            return [row["name"] for row in instance.label_rows]
        return [label.name for label in instance.label_list]


class NeedInfoSerializer(StrictSerializer):
    """What somebody was asked about an issue. An open question can be withdrawn."""

    MOVING = {"asker": is_person, "requestee": is_person}

    id = serializers.IntegerField(read_only=True)
    asker = PersonField(read_only=True)
    requestee = PersonField(read_only=True)
    question = serializers.CharField(read_only=True)
    due_on = serializers.DateField(read_only=True, allow_null=True)
    state = Choice(choices=NeedInfo.State.choices)
    created_at = serializers.DateTimeField(read_only=True)

    def validate_state(self, state):
        """Return the state, which can be no other than withdrawn."""
        if state not in (NeedInfo.State.WITHDRAWN, getattr(self.instance, "state", None)):
            raise ValidationError(_("A question can only be withdrawn: it is answered by a comment."), "choice")
        return state


def is_past(value, told):
    """Return whether `value` is a moment that is over, or none."""
    moment = moment_of(value)
    return value is None or (moment is not None and moment <= timezone.now())


def are_questions(value, told):
    """Return whether `value` are questions, as they are told of an issue."""
    names = set(NeedInfoSerializer().fields)
    return isinstance(value, list) and all(isinstance(one, Mapping) and set(one) == names for one in value)


class IssueSerializer(StrictSerializer):
    """An issue."""

    MOVING = {
        **StrictSerializer.MOVING,
        "overdue": lambda value, told: isinstance(value, bool),
        "returned_at": is_past,
        "returned_reason": lambda value, told: value is None or value in Return.values,
        "waiting": lambda value, told: isinstance(value, str) and value != "",
        "needinfos": are_questions,
    }
    EARLIER = {
        **StrictSerializer.EARLIER,
        "key": is_text,
        "number": is_count,
        "status_category": lambda value, told: value in Category.values,
        "author": is_person,
        "triaged_at": is_past,
        "closed_at": is_past,
    }
    DEFAULTS = {
        "description": "",
        "type": Issue.Type.BUG,
        "status": None,
        "resolution": None,
        "priority": Priority.NONE,
        "severity": Severity.UNSET,
        "component": None,
        "milestone": None,
        "version": None,
        "labels": (),
        "assignee": None,
        "parent": None,
        "duplicate_of": None,
        "confidential": False,
        "due_on": None,
        "snoozed_until": None,
    }

    id = serializers.IntegerField(read_only=True)
    key = serializers.CharField(read_only=True)
    product = NamedField("key", required=False, max_length=10)
    number = serializers.IntegerField(read_only=True)
    title = Text(max_length=TITLE_LIMIT)
    description = LongText(required=False, allow_blank=True)
    description_html = serializers.CharField(read_only=True)
    type = Choice(choices=Issue.Type.choices, required=False)
    status = NamedField("slug", required=False, max_length=40)
    status_category = serializers.ChoiceField(Category.choices, read_only=True, source="status.category")
    resolution = Choice(choices=Issue.Resolution.choices, required=False, allow_null=True)
    priority = RankField(Priority, required=False)
    severity = RankField(Severity, required=False)
    component = NamedField("name", required=False, allow_null=True, max_length=100)
    milestone = NamedField("name", required=False, allow_null=True, max_length=100)
    version = NamedField("name", required=False, allow_null=True, max_length=100)
    labels = LabelsField()
    assignee = PersonField(required=False, allow_null=True)
    author = PersonField(read_only=True, allow_null=True)
    parent = IssueKeyField()
    duplicate_of = IssueKeyField()
    confidential = Flag(required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    snoozed_until = serializers.DateTimeField(required=False, allow_null=True)
    returned_at = serializers.SerializerMethodField()
    returned_reason = serializers.SerializerMethodField()
    waiting = serializers.CharField(read_only=True, help_text="us, reporter, or the user name of who was asked.")
    overdue = serializers.BooleanField(read_only=True, source="is_overdue")
    needinfos = NeedInfoSerializer(many=True, read_only=True, source="questions")
    source = serializers.ChoiceField(Issue.Source.choices, read_only=True)
    votes = serializers.IntegerField(read_only=True)
    comment_count = serializers.IntegerField(read_only=True)
    lock_version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    triaged_at = serializers.DateTimeField(read_only=True, allow_null=True)
    closed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_by = PersonField(read_only=True, allow_null=True)
    updated_by = PersonField(read_only=True, allow_null=True)
    url = AddressField()

    @extend_schema_field({"type": "string", "format": "date-time", "readOnly": True, "nullable": True})
    def get_returned_at(self, issue):
        """Return when it came back into the queue."""
        when, _why = issue.returned
        return serializers.DateTimeField().to_representation(when) if when else None

    @extend_schema_field(serializers.ChoiceField(Return.choices, allow_null=True))
    def get_returned_reason(self, issue):
        """Return why it came back."""
        return issue.returned[1] or None

    def validate_product(self, key):
        """Return the Product with that key."""
        present = self._present_product
        if present is not None and present.key == key:
            return present
        product = find_present(self.context["request"].user, key)
        if product is None:
            raise ValidationError([unknown(key)])
        if self.instance is None and present is not None and not self.partial:
            raise ValidationError(_("The address says another product."), "read_only")
        return product

    def validate_status(self, slug):
        """Return the Status with that slug."""
        status = find_status(slug)
        if status is None:
            raise ValidationError([unknown(slug)])
        return status

    def validate(self, attrs):
        """Return the values with rows in place of the names of parts and labels."""
        product = attrs.get("product") or self.context.get("target") or self._present_product
        if product is None:
            raise ValidationError({"product": [ErrorDetail(_("Name the product."), "required")]})
        errors = {}
        for name, model in PARTS.items():
            if attrs.get(name) is not None:
                part = called(model.objects.filter(product=product), attrs[name])
                if part is None:
                    errors[name] = [unknown(attrs[name])]
                attrs[name] = part
        if "labels" in attrs:
            attrs["labels"] = self._find_labels(product, attrs["labels"], errors)
        if errors:
            raise ValidationError(errors)
        return attrs

    @property
    def _present_product(self):
        return self.instance.product if self.instance is not None else self.context["view"].home

    def _find_labels(self, product, names, errors):
        wanted = [name.lower() for name in names]
        of_it = Label.objects.filter(Q(product=product) | Q(product=None))
        # SQLite lowers ASCII alone.
        others = [in_any_case("name", name) for name in names if not name.isascii()]
        rows = of_it.annotate(lowered=Lower("name")).filter(reduce(or_, others, Q(lowered__in=wanted)))
        # Of two that differ by capitals, the one that is named goes before.
        rows = sorted(rows, key=lambda row: row.name in names)
        found = {low: row for row in rows if (low := row.name.lower()) in wanted}
        missing = {place: [unknown(name)] for place, name in enumerate(names) if name.lower() not in found}
        if missing:
            errors["labels"] = missing
        return list(found.values())

    @property
    def changes(self):
        """What the request asks to set."""
        values = super().changes
        if values.get("duplicate_of") and not values.get("resolution"):
            # Its resolution is that it is a duplicate.
            values.pop("resolution", None)
        if "status" in values and values["status"] is None:
            del values["status"]
        return values

    def may_reset(self, name):
        """Return whether this person may set `name`: who may not, leaves out what is to stay.

        The resolution of a duplicate stays with its original.
        """
        allowed = settable(self.context["request"].user, self.instance)
        if name == "resolution" and self.instance.duplicate_of_id is not None:
            return "duplicate_of" in allowed
        return name in allowed

    def default_of(self, name, values):
        """Return what PUT sets `name` to: a status only where nothing else says that it is closed.

        The stages of an open issue are for those who may set all.
        """
        if name == "status":
            stays = self.instance.is_open and not self.may_reset("priority")
            return None if stays or values.get("duplicate_of") else first_status(Category.TRIAGE)
        return super().default_of(name, values)


class DecisionSerializer(StrictSerializer):
    """A decision about a new report, with what it takes: see `issues.services.triage`."""

    decision = Choice(choices=Decision.choices)
    duplicate_of = IssueKeyField()
    resolution = Choice(choices=[(one, one) for one in DECLINED], required=False)
    ask = PersonField(required=False)
    question = Text(required=False, max_length=TEXT_LIMIT)
    due = serializers.DateField(required=False, allow_null=True)
    until = serializers.DateTimeField(required=False)
    product = NamedField("key", required=False, max_length=10)
    component = NamedField("name", required=False, allow_null=True, max_length=100)
    comment = Text(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    set = serializers.DictField(required=False, help_text="Fields of the issue that are set with it.")

    def validate(self, attrs):
        """Return the decision with rows in the place of names."""
        target = self.context["issue"].product
        if "product" in attrs:
            attrs["product"] = target = find_present(self.context["request"].user, attrs["product"])
            if target is None:
                raise ValidationError({"product": [unknown(self.initial_data["product"])]})
        if attrs.get("component") is not None:
            name = attrs["component"]
            attrs["component"] = called(Component.objects.filter(product=target), name)
            if attrs["component"] is None:
                raise ValidationError({"component": [unknown(name)]})
        attrs["changes"] = self._to_set(attrs.pop("set", {}), target)
        return attrs

    def _to_set(self, values, target):
        context = {**self.context, "target": target}
        serializer = IssueSerializer(self.context["issue"], data=values, partial=True, context=context)
        if not serializer.is_valid():
            raise ValidationError({"set": serializer.errors})
        return serializer.changes


class DecidedSerializer(serializers.Serializer):
    """The issue as it is after a decision, and the batch that undoes it; null where nothing was to change."""

    issue = IssueSerializer()
    batch = serializers.IntegerField(allow_null=True)


class BulkSerializer(StrictSerializer):
    """One change to many issues: to those that `q` finds, or to those with the `ids`."""

    q = Text(required=False, max_length=CHARACTERS)
    ids = serializers.ListField(child=Whole(min_value=1, max_value=2**63 - 1), required=False, max_length=10_000)
    set = serializers.DictField(
        help_text="Fields of an issue, `add_labels`, `remove_labels`, and a `decision` with what it takes."
    )
    dry_run = Flag(required=False)

    def validate(self, attrs):
        """Return what is asked for, which says in one way which issues it means."""
        if ("q" in attrs) == ("ids" in attrs):
            raise ValidationError({"q": [ErrorDetail(_("Give either a query or ids."), "required")]})
        if not attrs["set"]:
            raise ValidationError({"set": [ErrorDetail(_("Say what is to be set."), "required")]})
        return attrs


class RefusedSerializer(serializers.Serializer):
    """An issue that is left as it is, and the code of why."""

    issue = serializers.CharField()
    code = serializers.CharField()


class BulkAnswerSerializer(serializers.Serializer):
    """What a bulk change does: `batch` undoes it, and is left out where it was only tried."""

    SOMETIMES = ("batch",)

    matched = serializers.IntegerField()
    changes = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = RefusedSerializer(many=True)
    batch = serializers.IntegerField(required=False)


class VoteSerializer(StrictSerializer):
    """That somebody wants an issue."""

    id = serializers.IntegerField(read_only=True)
    user = PersonField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class WatcherSerializer(StrictSerializer):
    """Somebody who hears of an issue."""

    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)


class SearchSerializer(StrictSerializer):
    """A query that is sent in a body."""

    q = Text(allow_blank=True, max_length=CHARACTERS)


class IssueRowSerializer(IssueSerializer):
    """An issue in a list, with the questions that are still open."""

    SOMETIMES = ("description",)

    needinfos = NeedInfoSerializer(many=True, read_only=True, source="open_questions")

    description_html = None


class CommentSerializer(StrictSerializer):
    """What somebody said about an issue."""

    # What it has no version for.
    MOVING = {"author": is_person, "body_html": is_text, "edited_at": is_past}
    ONCE = ("internal",)

    id = serializers.IntegerField(read_only=True)
    body = LongText()
    body_html = serializers.CharField(read_only=True)
    author = PersonField(read_only=True, allow_null=True)
    internal = Flag(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    edited_at = serializers.DateTimeField(read_only=True, allow_null=True)


class FileSerializer(StrictSerializer):
    """A form with a file."""

    file = serializers.FileField()


class AttachmentSerializer(StrictSerializer):
    """A file on an issue, or on a comment. `markdown` shows it in a text, or leads to it."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    media_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    width = serializers.IntegerField(read_only=True, allow_null=True, help_text="Of a picture that is shown.")
    height = serializers.IntegerField(read_only=True, allow_null=True)
    comment = serializers.IntegerField(read_only=True, allow_null=True, source="comment_id")
    author = PersonField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    markdown = serializers.CharField(read_only=True)
    url = AddressField()


class RelationSerializer(StrictSerializer):
    """A link from the issue of the URL to another one."""

    id = serializers.IntegerField(read_only=True)
    kind = Choice(choices=RELATIONS)
    issue = IssueKeyField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issue"].required, self.fields["issue"].allow_null = True, False


class ViewSerializer(StrictSerializer):
    """A saved view: the query of a list, with its columns and what it is put into sections by."""

    DEFAULTS = {
        "query": "",
        "columns": (),
        "group": "",
        "shared": False,
        "product": None,
        "pinned": False,
        "is_default": False,
    }

    id = serializers.IntegerField(read_only=True)
    name = Text(max_length=100)
    query = Text(required=False, allow_blank=True, max_length=CHARACTERS)
    columns = serializers.ListField(
        child=Choice(choices=VIEW_COLUMNS), required=False, allow_empty=True, max_length=len(VIEW_COLUMNS)
    )
    group = Choice(choices=VIEW_GROUPS, required=False, allow_null=True)
    shared = Flag(required=False)
    product = NamedField("key", required=False, allow_null=True, max_length=10)
    pinned = Flag(required=False)
    is_default = Flag(required=False)
    owner = PersonField(read_only=True)
    lock_version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    url = AddressField()

    def validate_product(self, key):
        """Return the Product with that key, or None."""
        if key is None:
            return None
        product = find_present(self.context["request"].user, key)
        if product is None:
            raise ValidationError([unknown(key)])
        return product

    def validate_group(self, name):
        """Return the name, or "" for none."""
        return name or ""


class StatusSerializer(StrictSerializer):
    """A stage of work."""

    DEFAULTS = {"position": 0}

    slug = Slug(max_length=40)
    name = Text(max_length=60)
    category = Choice(choices=Category.choices)
    position = Whole(required=False, min_value=0, max_value=32767)


class EventSerializer(serializers.Serializer):
    """Something that happened: `changes` holds each field before and after."""

    id = serializers.IntegerField()
    issue = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(Kind.choices)
    actor = PersonField(allow_null=True)
    via = serializers.ChoiceField(Via.choices)
    at = serializers.DateTimeField()
    batch = serializers.IntegerField()
    changes = serializers.DictField(child=serializers.ListField(child=serializers.JSONField()))


class LeftAloneSerializer(serializers.Serializer):
    """What an undo left as it is, since somebody has changed it."""

    issue = serializers.CharField(allow_null=True)
    field = serializers.CharField()
    by = serializers.CharField(allow_null=True)


class BatchSerializer(serializers.Serializer):
    """One call: a change, or many at once. Counts are null for who does not see all that they count.

    To whoever made it, and to a superuser, a change of many tells what it did and refused, and an undo what it left
    alone. All that is null for others, and for what is neither.
    """

    id = serializers.IntegerField()
    actor = PersonField(allow_null=True)
    via = serializers.ChoiceField(Via.choices)
    at = serializers.DateTimeField()
    state = serializers.ChoiceField(Batch.State.choices)
    total = serializers.IntegerField(allow_null=True)
    done = serializers.IntegerField(allow_null=True)
    undone_by = serializers.IntegerField(allow_null=True, source="undone_by_id")
    changes = serializers.IntegerField(allow_null=True, source="outcome.changes")
    unchanged = serializers.IntegerField(allow_null=True, source="outcome.unchanged")
    refused = RefusedSerializer(many=True, allow_null=True, source="outcome.refused")
    left_alone = LeftAloneSerializer(many=True, allow_null=True, source="outcome.left_alone")

    def to_representation(self, instance):
        """Return the fields, without counts of what the reader does not see."""
        user = self.context["request"].user
        instance.outcome = outcome_of(instance, user)
        told = super().to_representation(instance)
        hides = counts_hidden(instance, user)
        return told | dict.fromkeys(("total", "done", "changes", "unchanged")) if hides else told


class UndoSerializer(serializers.Serializer):
    """What an undo did: `batch` is the undo itself, `undone` how many events that are seen it has taken back."""

    batch = serializers.IntegerField()
    undone = serializers.IntegerField()
    left_alone = LeftAloneSerializer(many=True)
