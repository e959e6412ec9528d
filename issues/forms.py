"""What a person fills in about an issue or a view; the services check and write it."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.forms import PersonField, TextField
from issues.choices import COLUMNS, GROUPS
from issues.models import QUERY_LIMIT, TITLE_LIMIT, Issue, Priority, Severity, Status
from issues.rules import TEXT_FIELDS
from products.access import REPORTER_FIELDS, can
from products.models import Component, Label, Milestone, Product, Version

TEXT_AREA = forms.Textarea(attrs={"rows": 10})


def slugs(choices):
    """Return the choices of an ordered enumeration by the slugs that the API has for them."""
    return [(choice.name.lower(), choice.label) for choice in choices]


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
        product, _dash, number = key.rpartition("-")
        found = None
        if number.isascii() and number.isdigit() and len(number) < 19:
            seen = Issue.objects.visible_to(self.reader).select_related("product", "parent", "duplicate_of")
            found = seen.filter(product__key=product, number=int(number)).first()
        if found is None:
            raise ValidationError(_("There is no issue %(key)s."), code="unknown", params={"key": key})
        return found


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
    labels = forms.ModelMultipleChoiceField(
        Label.objects.none(), label=_("Labels"), required=False, widget=forms.CheckboxSelectMultiple
    )
    due_on = forms.DateField(
        label=_("Due date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    parent = IssueKeyField(label=_("Parent"), required=False)
    duplicate_of = IssueKeyField(label=_("Duplicate of"), required=False)
    confidential = forms.BooleanField(
        label=_("Confidential"), required=False, help_text=_("Seen by its author, its assignee and triagers only.")
    )
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), to_field_name="key")

    def __init__(self, *args, user, product, only, issue=None, **kwargs):
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(only):
            del self.fields[name]
        for name, model in (("component", Component), ("milestone", Milestone), ("version", Version)):
            if name in self.fields:
                present = Q(pk=getattr(issue, f"{name}_id", None))
                self.fields[name].queryset = model.objects.filter(Q(archived_at=None) | present, product=product)
        if "labels" in self.fields:
            present = Q(pk__in=[label.pk for label in issue.label_list] if issue else [])
            offered = Label.objects.filter(Q(archived_at=None) | present, Q(product=product) | Q(product=None))
            self.fields["labels"].queryset = offered
        if "product" in self.fields:
            self.fields["product"].queryset = Product.objects.visible_to(user).active()
        for name in ("parent", "duplicate_of"):
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
    allowed = set(IssueForm.base_fields) - {"product", "status", "resolution", "duplicate_of"}
    if not can(user, "edit", product):
        allowed &= REPORTER_FIELDS
    return [name for name in IssueForm.base_fields if name in allowed]


def fields_to_edit(user, issue):
    """Return the names of the fields of `issue` that `user` may change, in the form's order."""
    if can(user, "edit", issue):
        return list(IssueForm.base_fields)
    allowed: set = set()
    if can(user, "edit_text", issue):
        allowed |= TEXT_FIELDS
    if can(user, "close", issue):
        allowed |= {"status", "resolution"}
    return [name for name in IssueForm.base_fields if name in allowed]


class CommentForm(forms.Form):
    """A comment, with what it does to the issue in the same step."""

    body = TextField(
        label=_("Comment"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something.")},
    )
    internal = forms.BooleanField(label=_("Internal"), required=False)


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
