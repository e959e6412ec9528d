"""What a person fills in about an issue or a view; the services check and write it."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.forms import PersonField, TextField
from history.writing import called
from issues.choices import COLUMNS, DECISION_DETAILS, DECLINED, GROUPS, Decision, slugs
from issues.models import QUERY_LIMIT, TITLE_LIMIT, Issue, Priority, Severity, Status
from issues.rules import LINKS, holds, settable
from issues.similar.suggesting import is_empty
from products.access import REPORTER_FIELDS, can
from products.models import Component, Label, Milestone, Product, Version
from products.numbers import read_number

# As browsers send a moment, in the time zone of who is signed in.
MOMENT = "%Y-%m-%dT%H:%M"
TEXT_AREA = forms.Textarea(attrs={"rows": 10})


class RankField(forms.ChoiceField):
    """Priority or severity by its slug, as the number that is stored."""

    def __init__(self, choices, **options):
        self.ranks = choices
        super().__init__(choices=slugs(choices), **options)

    def clean(self, value):
        """Return the member of the enumeration."""
        return self.ranks[super().clean(value).upper()]


class IssueKeyField(forms.CharField):
    """Another issue by its key, as its reader sees it; none where it is empty."""

    reader = None

    def clean(self, value):
        """Return the Issue, or None."""
        key = super().clean(value).upper()
        if not key:
            return None
        seen = Issue.objects.visible_to(self.reader).select_related("product", "parent", "duplicate_of")
        found = seen.at(key)
        if found is None:
            raise ValidationError(_("There is no issue %(key)s."), code="unknown", params={"key": key})
        return found


class ProductKeyField(forms.ModelChoiceField):
    """A product by its key, in any case."""

    default_error_messages = {"invalid_choice": _("There is no such product.")}

    def to_python(self, value):
        """Return the Product, or None where it is empty."""
        return super().to_python(value and value.strip().upper())


class LabelsField(forms.ModelMultipleChoiceField):
    """Labels by their ids."""

    def clean(self, value):
        """Return the labels. Raises ValidationError also for what is longer than any id."""
        if any(read_number(text) is None for text in value or ()):
            raise ValidationError(self.error_messages["invalid_list"], code="invalid_list")
        return super().clean(value)


class IssueForm(forms.Form):
    """The fields of an issue, or those `only` that are asked for, as far as this person may set them."""

    title = forms.CharField(label=_("Title"), max_length=TITLE_LIMIT)
    description = TextField(
        label=_("Description"), required=False, widget=TEXT_AREA, help_text=_("Markdown works here.")
    )
    type = forms.ChoiceField(label=_("Type"), choices=Issue.Type.choices, initial=Issue.Type.BUG)
    status = forms.ModelChoiceField(Status.objects.all(), label=_("Status"), to_field_name="slug", required=False)
    resolution = forms.ChoiceField(
        label=_("Resolution"), choices=[("", "—"), *Issue.Resolution.choices], required=False
    )
    priority = RankField(Priority, label=_("Priority"), initial="none")
    severity = RankField(Severity, label=_("Severity"), initial="unset")
    component = forms.ModelChoiceField(Component.objects.none(), label=_("Component"), required=False)
    milestone = forms.ModelChoiceField(Milestone.objects.none(), label=_("Milestone"), required=False)
    version = forms.ModelChoiceField(Version.objects.none(), label=_("Found in"), required=False)
    assignee = PersonField(label=_("Assignee"), required=False)
    labels = LabelsField(Label.objects.none(), label=_("Labels"), required=False, widget=forms.CheckboxSelectMultiple)
    due_on = forms.DateField(
        label=_("Due date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    snoozed_until = forms.DateTimeField(
        label=_("Snoozed until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    parent = IssueKeyField(label=_("Parent"), required=False)
    duplicate_of = IssueKeyField(label=_("Duplicate of"), required=False)
    confidential = forms.BooleanField(
        label=_("Confidential"), required=False, help_text=_("Seen by its author, its assignee and triagers only.")
    )
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), to_field_name="key")

    def __init__(self, *args, user, product, only, issue=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.issue = user, issue
        for name in set(self.fields) - set(only):
            del self.fields[name]
        for name, model in (("component", Component), ("milestone", Milestone), ("version", Version)):
            if name in self.fields:
                present = Q(pk=getattr(issue, f"{name}_id", None))
                self.fields[name].empty_label = _("none")
                self.fields[name].queryset = model.objects.filter(Q(archived_at=None) | present, product=product)
        if "labels" in self.fields:
            present = Q(pk__in=[label.pk for label in issue.label_list] if issue else [])
            offered = Label.objects.filter(Q(archived_at=None) | present, Q(product=product) | Q(product=None))
            self.fields["labels"].queryset = offered
        if "product" in self.fields:
            self.fields["product"].queryset = Product.objects.visible_to(user).active()
        for name in LINKS:
            if name in self.fields:
                self.fields[name].reader = user

    def changes(self):
        """Return the fields to hand to the service; an unchosen status is left to its rules."""
        changes = dict(self.cleaned_data)
        for name in ("status", "resolution"):
            if not changes.get(name):
                changes.pop(name, None)
        if "labels" in changes:
            changes["labels"] = list(changes["labels"])
        return changes


def fields_to_create(user, product):
    """Return the names of the fields that `user` may set on a new issue of `product`, in the form's order."""
    allowed = set(IssueForm.base_fields) - {"product", "status", "resolution", "duplicate_of", "snoozed_until"}
    if not can(user, "edit", product):
        allowed &= REPORTER_FIELDS
    return [name for name in IssueForm.base_fields if name in allowed]


def fields_to_edit(user, issue):
    """Return the names of the fields of `issue` that `user` may change, in the form's order."""
    allowed = settable(user, issue)
    return [name for name in IssueForm.base_fields if name in allowed]


class CommentForm(forms.Form):
    """A comment, with what it does to the issue in the same step."""

    body = TextField(
        label=_("Comment"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something.")},
    )
    internal = forms.BooleanField(label=_("Internal"), required=False)

    def __init__(self, *args, may_be_blank=False, **kwargs):
        super().__init__(*args, **kwargs)
        # A picture says enough, and so does a status.
        self.fields["body"].required = not may_be_blank

    def clean_body(self):
        """Return the text, which may be blank beside files or a status alone."""
        body = self.cleaned_data["body"]
        if not body.strip() and self.fields["body"].required:
            raise ValidationError(self.fields["body"].error_messages["required"], code="required")
        return body


class FilesInput(forms.FileInput):
    """A field for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, or none."""

    widget = FilesInput

    def clean(self, data, initial=None):
        """Return the files that were sent; what is wrong with one is for the services to say."""
        return data or []


class FilesForm(forms.Form):
    """Files that come with a text, or by themselves."""

    file = FilesField(label=_("Files"), required=False)

    @property
    def uploads(self):
        """The files that were sent."""
        return self.cleaned_data["file"]


class DecisionForm(forms.Form):
    """A decision about a new report, with what it takes; what was suggested and taken comes along."""

    decision = forms.ChoiceField(choices=Decision.choices)
    comment = TextField(label=_("Comment"), required=False)
    duplicate_of = IssueKeyField(label=_("Duplicate of"), required=False)
    # One of those that are offered, by a button of its own. What has no label has no field that one could be led to.
    similar = IssueKeyField(required=False)
    resolution = forms.ChoiceField(label=_("Reason"), choices=[(one, one) for one in ("", *DECLINED)], required=False)
    ask = PersonField(label=_("Whom"), required=False)
    question = TextField(label=_("Question"), required=False)
    due = forms.DateField(label=_("By"), required=False)
    until = forms.DateTimeField(label=_("Until"), required=False)
    product = ProductKeyField(Product.objects.none(), label=_("Product"), to_field_name="key", required=False)
    component = forms.CharField(label=_("Component"), required=False, max_length=100)
    set_component = forms.ModelChoiceField(Component.objects.none(), required=False)
    set_type = forms.ChoiceField(choices=[("", ""), *Issue.Type.choices], required=False)
    set_severity = forms.ChoiceField(choices=[("", ""), *slugs(Severity)], required=False)
    set_assignee = PersonField(required=False)
    set_labels = LabelsField(Label.objects.none(), required=False)

    def __init__(self, *args, user, issue, **kwargs):
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.fields["duplicate_of"].reader = self.fields["similar"].reader = user
        self.fields["product"].queryset = Product.objects.visible_to(user).active()
        own = Q(product=issue.product)
        self.fields["set_component"].queryset = Component.objects.active().filter(own)
        self.fields["set_labels"].queryset = Label.objects.active().filter(own | Q(product=None))

    def clean(self):
        """Find the component that is named, in the product that the issue goes to."""
        data = super().clean()
        data["duplicate_of"] = data.get("similar") or data.get("duplicate_of")
        name = data.get("component")
        if name:
            home = data.get("product") or self.issue.product
            data["component"] = called(Component.objects.active().filter(product=home), name)
            if data["component"] is None:
                self.add_error("component", _("There is no such component there."))
        # Of what is decided, the service says who has done it.
        if self.issue.is_in_triage:
            self._refuse_set()
        return data

    def _refuse_set(self):
        """Refuse what was suggested for an empty field that says something else by now."""
        for name, value in self._taken().items():
            if name != "labels" and not is_empty(self.issue, name) and not holds(self.issue, name, value):
                message = _("%(field)s has been set in the meantime: look at it once more.")
                self.add_error(f"set_{name}", message % {"field": IssueForm.base_fields[name].label})

    def details(self):
        """Return what the service is told beside the decision."""
        data = self.cleaned_data
        details = {name: data[name] for name in DECISION_DETAILS[data["decision"]] if data.get(name)}
        return {"comment": data["comment"], "changes": self._taken(), **details}

    def _taken(self):
        """Return the fields that were suggested and taken."""
        data = self.cleaned_data
        changes = {name: data[f"set_{name}"] for name in ("component", "type", "assignee") if data.get(f"set_{name}")}
        if data.get("set_severity"):
            changes["severity"] = Severity[data["set_severity"].upper()]
        if data.get("set_labels"):
            changes["labels"] = list(dict.fromkeys([*self.issue.label_list, *data["set_labels"]]))
        return changes


class RelationForm(forms.Form):
    """A relation to another issue."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("blocks", _("blocks")), ("blocked-by", _("is blocked by")), ("relates", _("relates to"))],
    )
    issue = IssueKeyField(label=_("Issue"))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issue"].reader = user


class ViewForm(forms.Form):
    """A saved view."""

    name = forms.CharField(label=_("Name"), max_length=100)
    query = forms.CharField(label=_("Query"), required=False, max_length=QUERY_LIMIT)
    product = forms.ModelChoiceField(
        Product.objects.none(),
        label=_("Product"),
        to_field_name="key",
        required=False,
        empty_label=_("all products"),
    )
    group = forms.ChoiceField(label=_("Sections"), required=False, choices=[("", _("none")), *GROUPS.items()])
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        required=False,
        choices=list(COLUMNS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The usual ones where none is chosen."),
    )
    shared = forms.BooleanField(
        label=_("Shared"),
        required=False,
        help_text=_("With all who see the product; without one, with all who are signed in."),
    )
    is_default = forms.BooleanField(
        label=_("Default view of the product"), required=False, help_text=_("Its list of issues opens with it.")
    )
    pinned = forms.BooleanField(label=_("In my side bar"), required=False)

    def __init__(self, *args, user, view=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = Product.objects.visible_to(user)
        if view is None or view.product is None or not can(user, "choose_default_view", view):
            del self.fields["is_default"]
        if view is not None:
            del self.fields["pinned"]
