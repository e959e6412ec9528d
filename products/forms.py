"""What a person fills in about a product, its parts and its members."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import PersonField, TextField
from products.models import PALETTE, Component, Label, Member, Milestone, Product, Version


class ProductForm(forms.Form):
    """A product."""

    title = forms.CharField(label=_("Title"), max_length=200)
    key = forms.CharField(
        label=_("Key"),
        max_length=10,
        help_text=_("2 to 10 capital letters and digits, the prefix of its issues, as in WEB-142."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "placeholder": "WEB"}),
    )
    description = TextField(
        label=_("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown works here."),
    )
    visibility = forms.ChoiceField(label=_("Visibility"), choices=Product.Visibility.choices)
    owner = PersonField(label=_("Owner"), required=False, help_text=_("A user name."))
    triage_days = forms.IntegerField(
        label=_("Days to triage"),
        min_value=1,
        max_value=365,
        initial=7,
        help_text=_("An issue that waits longer is overdue."),
    )
    members_skip_triage = forms.BooleanField(
        label=_("Members skip triage"), required=False, help_text=_("Issues that members file are accepted at once.")
    )

    def clean_key(self):
        """Return the key in capitals."""
        return self.cleaned_data["key"].upper()


class ComponentForm(forms.Form):
    """A component."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = TextField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    triage_owner = PersonField(label=_("Triage owner"), required=False)
    default_assignee = PersonField(label=_("Default assignee"), required=False)


class MilestoneForm(forms.Form):
    """A milestone."""

    name = forms.CharField(label=_("Name"), max_length=100)
    due_on = forms.DateField(
        label=_("Due date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    state = forms.ChoiceField(label=_("State"), choices=Milestone.State.choices, initial=Milestone.State.OPEN)


class VersionForm(forms.Form):
    """A version."""

    name = forms.CharField(label=_("Name"), max_length=100)


class LabelForm(forms.Form):
    """A label."""

    name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("Description"), required=False, max_length=200)
    colour = forms.ChoiceField(label=_("Colour"), choices=[(name, name) for name in PALETTE], initial="gray")


class MemberForm(forms.Form):
    """A person and their role."""

    user = PersonField(label=_("User name"))
    role = forms.ChoiceField(label=_("Role"), choices=Member.Role.choices, initial=Member.Role.REPORTER)


FORMS = {Component: ComponentForm, Milestone: MilestoneForm, Version: VersionForm, Label: LabelForm}
