"""Setting fields of many issues by drop-downs: what can be chosen, and the Settings that it comes to."""

from django import forms
from django.db.models import CharField, F, Q, Value
from django.utils.translation import gettext_lazy as _

from issues.choices import Category, Priority, Resolution, Severity, Type
from issues.models import Status
from issues.setting.parsing import CHARACTERS, Setting, Word
from products.models import PARTS, Label, Member, Product

KEEP = ("", _("as it is"))
NONE = ("none", _("none"))
SET = ("status", "priority", "severity", "assignee", "type", *PARTS, "due_on")
OFFERED_PEOPLE = 100


class ManyForm(forms.Form):
    """What is to be set on issues of some `products`; what is not chosen stays as it is.

    What has a name is chosen by it, since each product has its own rows; where one lacks the name its issues are left.
    """

    words = forms.CharField(label=_("In words"), required=False, max_length=CHARACTERS)
    status = forms.ChoiceField(label=_("Status"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    severity = forms.ChoiceField(label=_("Severity"), required=False)
    assignee = forms.CharField(label=_("Assignee"), required=False, max_length=150)
    type = forms.ChoiceField(label=_("Type"), required=False)
    component = forms.ChoiceField(label=_("Component"), required=False)
    milestone = forms.ChoiceField(label=_("Milestone"), required=False)
    version = forms.ChoiceField(label=_("Found in"), required=False)
    due_on = forms.DateField(label=_("Due date"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    undated = forms.BooleanField(label=_("No due date"), required=False)
    add_labels = forms.MultipleChoiceField(label=_("Add labels"), required=False, widget=forms.CheckboxSelectMultiple)
    remove_labels = forms.MultipleChoiceField(
        label=_("Take labels away"), required=False, widget=forms.CheckboxSelectMultiple
    )
    move = forms.ModelChoiceField(
        Product.objects.none(), label=_("Move to the product"), to_field_name="key", required=False
    )

    def __init__(self, *args, user, products, **kwargs):
        super().__init__(*args, **kwargs)
        names = names_within(products)
        self.people = [(name, said) for name, said in names["person"] if name != user.username][:OFFERED_PEOPLE]
        self.fields["status"].choices = [KEEP, *_statuses(names["status"])]
        for name, ranks in (("priority", Priority), ("severity", Severity)):
            self.fields[name].choices = [KEEP, *((str(rank.label), rank.label) for rank in reversed(ranks))]
        self.fields["type"].choices = [KEEP, *((str(label), label) for label in Type.labels)]
        for name in PARTS:
            self.fields[name].choices = [KEEP, NONE, *((one, one) for one, _said in names[name])]
        for name in ("add_labels", "remove_labels"):
            self.fields[name].choices = [(one, one) for one, _said in names["labels"]]
        self.fields["move"].queryset = Product.objects.visible_to(user).active()

    def add_prefix(self, name):
        """Return the name that a field is sent by: a decision has fields of the same names."""
        return name if name == "words" else f"field-{name}"

    def settings(self):
        """Return the Settings of what is chosen."""
        data = {**self.cleaned_data}
        data["due_on"] = "none" if data["undated"] else data["due_on"] and data["due_on"].isoformat()
        chosen = [(name, data[name], False) for name in SET if data[name]]
        chosen += [("labels", name, False) for name in data["add_labels"]]
        chosen += [("labels", name, True) for name in data["remove_labels"]]
        # They stand nowhere in a text.
        return [Setting(name, Word(text, -place, 0), gone) for place, (name, text, gone) in enumerate(chosen, 1)]


def _statuses(rows):
    """Return the choices of a status, and of how to close: rows are `(slug, "category name")` in their order."""
    told = [(slug, *said.split(" ", 1)) for slug, said in rows]
    still = [(slug, name) for slug, category, name in told if category != Category.CLOSED]
    closed = next((name for _slug, category, name in told if category == Category.CLOSED), "")
    ways = [(value, f"{closed}: {said}") for value, said in Resolution.choices if value != Resolution.DUPLICATE]
    return still + (ways if closed else [])


def names_within(products):
    """Return `{what: [(name, more)]}` of what issues of these `products` can be set to, in one statement."""
    labels = Label.objects.active().filter(Q(product__in=products) | Q(product=None))
    members = Member.objects.filter(product__in=products, user__is_active=True)
    rows = [
        _named(Status.objects.all(), "status", "slug", "name"),
        _named(labels, "labels", "name"),
        _named(members, "person", "user__username", "user__display_name"),
    ]
    rows += [_named(model.objects.active().filter(product__in=products), name, "name") for name, model in PARTS.items()]
    found: dict = {name: [] for name in ("status", "labels", "person", *PARTS)}
    for what, name, more, first, place in rows[0].union(*rows[1:]):
        found[what].append((place, name.lower(), name, f"{first} {more}" if first else more))
    return {what: [(name, more) for _place, _key, name, more in sorted(some)] for what, some in found.items()}


def _named(queryset, what, name, more=None):
    is_status = what == "status"
    return (
        queryset.order_by()
        .annotate(
            what=Value(what, CharField()),
            name_is=F(name),
            more=F(more) if more else Value("", CharField()),
            first=F("category") if is_status else Value("", CharField()),
            place=F("position") if is_status else Value(0),
        )
        .values_list("what", "name_is", "more", "first", "place")
    )
