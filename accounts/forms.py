"""What a person fills in about themselves."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import SCOPES, User, time_zones

EXPIRIES = [("30", _("in 30 days")), ("90", _("in 90 days")), ("365", _("in a year")), ("", _("never"))]
SELECTED = SafeString(" selected")
SCOPE_LABELS = {
    "read": _("read: what you may see"),
    "write": _("write: what you may do with products and issues"),
    "admin": _("admin: statuses, site-wide labels, users"),
}


class TextField(forms.CharField):
    """A text of several lines, whose ends are those of the database: browsers send others."""

    def __init__(self, **options):
        super().__init__(strip=False, **options)

    def to_python(self, value):
        """Return the text."""
        return super().to_python(value).replace("\r\n", "\n")

    def has_changed(self, initial, data):
        """Return whether another text was sent: one that came with other ends of its lines is the same."""
        return super().has_changed((initial or "").replace("\r\n", "\n"), data)


class PersonField(forms.CharField):
    """A person by user name; nobody where it is empty. Whether one who is inactive will do, the services say."""

    def widget_attrs(self, widget):
        """Return what lets a script complete the name."""
        more = {"data-module": "people", "data-people": reverse_lazy("api-user-list")}
        return {**super().widget_attrs(widget), **more, "autocapitalize": "none", "autocomplete": "off"}

    def clean(self, value):
        """Return the User, or None."""
        name = super().clean(value)
        if not name:
            return None
        person = User.objects.called(name)
        if person is None:
            raise ValidationError(_("There is no active person of that name."), code="unknown")
        return person


class LongSelect(forms.Select):
    """A select of hundreds of choices in one group, for which templates would take longer than for all of the page."""

    def render(self, name, value, attrs=None, renderer=None):
        """Return the HTML."""
        chosen = self.format_value(value)
        options = ((one, SELECTED if str(one) in chosen else "", said) for one, said in self.choices)
        return format_html(
            "<select{}>{}</select>",
            flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})})),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class ProfileForm(forms.ModelForm):
    """Name, address and preferences."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [(name, name) for name in time_zones()], widget=LongSelect
    )
    lock_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = User
        fields = ["display_name", "email", "time_zone", "theme", "single_key_shortcuts"]
        help_texts = {
            "display_name": _("Shown instead of your user name."),
            "email": _("You can sign in with it, too. Nobody else sees it."),
            "single_key_shortcuts": _("Keys such as c and j act outside of fields. Press ? for the list."),
        }

    def _post_clean(self):
        """Leave the instance alone: the service checks and writes a row of its own."""

    def changes(self):
        """Return the fields to hand to the service."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class ProductsField(forms.CharField):
    """Products by their keys, each with the scope there (`write` unless it is said): `{key: scope}`, None: all."""

    def clean(self, value):
        """Return the scopes by key."""
        words = super().clean(value).replace(",", " ").split()
        pairs = [word.partition(":") for word in words]
        return {key.upper(): scope.lower() for key, _colon, scope in pairs} or None


class TokenForm(forms.Form):
    """A new API token of a `user`."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What uses it, such as “backup script”."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SCOPES],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    products = ProductsField(
        label=_("Products"),
        required=False,
        max_length=500,
        help_text=_("Keys of the products that it is for, as in “WEB DOCS:read”; empty: all that you see."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "placeholder": "WEB"}),
    )
    expires = forms.ChoiceField(label=_("Expires"), choices=EXPIRIES, required=False, initial="90")

    def expires_at(self):
        """Return when the token is to end, or None."""
        days = self.cleaned_data["expires"]
        return timezone.now() + timedelta(days=int(days)) if days else None
