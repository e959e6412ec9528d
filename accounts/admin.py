"""The administration of people and their tokens."""

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.addressing import asking, authorize_address, prove_first
from accounts.models import ApiToken, User
from accounts.services import factors
from history.errors import Forbidden
from history.models import Via
from issuetracker.backoffice import ReadOnlyAdmin, ServiceAdmin, ServiceForm

ALLAUTH = ("allauth.account", "allauth.mfa", "allauth.socialaccount")

# What django-allauth brings along is looked after by services of ours.
for model in (Group, *(model for app in apps.get_app_configs() if app.name in ALLAUTH for model in app.get_models())):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
admin.site.disable_action("delete_selected")
admin.site.site_header = admin.site.site_title = _("Issues")
admin.site.index_title = _("Administration")


class UserForm(ServiceForm):
    """A person; a password is set here, never shown."""

    password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty to keep the present one, or for somebody who signs in otherwise."),
    )

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(ServiceAdmin):
    """People."""

    form = UserForm
    fields = (
        ("username", "display_name"),
        ("email", "email_confirmed"),
        "password",
        ("time_zone", "theme", "single_key_shortcuts"),
        ("is_active", "is_staff", "is_superuser"),
    )
    list_display = ("username", "display_name", "email", "is_active", "is_staff", "is_placeholder", "last_login")
    list_filter = ("is_active", "is_staff", "is_placeholder")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    actions = ("deactivate", "activate", "remove_factors")

    def seen_by(self, user):
        """Return everybody: staff look after them."""
        return User.objects.all()

    def create(self, actor, values):
        """Create a person."""
        values["password"] = values["password"] or None
        # What one may not set is sent as it is by itself.
        allowed = services.allowed_fields(actor) | {"password"}
        values = {name: value for name, value in values.items() if value or name in allowed}
        return services.create_user(actor=actor, via=Via.ADMIN, **values)

    def write(self, request, form):
        """Write what the form says: what gives somebody a way in only where one has shown just now who one is."""
        if self._gives_a_way_in(form):
            if proof := asking(request):
                said = _(
                    "Before you set a password or an address, or give a rank,"
                    ' <a href="{}" target="_blank" rel="noopener">show once more who you are</a>'
                    " in another tab, then save again. A password has to be typed anew."
                )
                raise Forbidden(format_html(said, proof), "proof")
            if form.instance == request.user:
                authorize_address(request, form.cleaned_data.get("email"))
        return super().write(request, form)

    def _gives_a_way_in(self, form):
        # Of somebody new all is given, also what the form has ticked by itself.
        given = services.WAYS_IN if form.instance.pk is None else set(services.WAYS_IN) & set(form.changed_data)
        # An address that is taken away is a change as well: where letters about the account go.
        return "email" in form.changed_data or any(form.cleaned_data.get(name) for name in given)

    def change(self, user, actor, expected, values):
        """Change a person: all of it, or nothing where the password is refused."""
        password = values.pop("password", "")
        with transaction.atomic():
            changed = services.update_user(user, actor=actor, via=Via.ADMIN, expected_version=expected, **values)
            if password:
                services.set_password(changed, password, actor=actor, via=Via.ADMIN)
        return changed

    def may_change(self, user, obj):
        """Return whether `user` may change anything about `obj`."""
        return bool(services.allowed_fields(user, obj))

    @admin.action(description=_("Deactivate"))
    def deactivate(self, request, queryset):
        """Let them sign in no more."""
        self._activate(request, queryset, False)

    @admin.action(description=_("Activate"))
    def activate(self, request, queryset):
        """Let them sign in again."""
        if asked := prove_first(request):
            return asked
        self._activate(request, queryset, True)
        return None

    @admin.action(description=_("Take second factors away"))
    def remove_factors(self, request, queryset):
        """Let those sign in by their password alone who have lost their app, their codes and their passkeys."""
        if asked := prove_first(request):
            return asked

        def service(user):
            factors.remove_factors(user, actor=request.user, via=Via.ADMIN)

        self.do_to_each(request, queryset, service, _("without second factors"))
        return None

    def _activate(self, request, queryset, active):
        def service(user):
            services.update_user(user, actor=request.user, via=Via.ADMIN, is_active=active)

        self.do_to_each(request, queryset, service, _("activated") if active else _("deactivated"))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens: looked at and revoked here; their owners make them."""

    list_display = ("called", "prefix", "user", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "user__username")
    fields = list_display
    readonly_fields = ("called",)
    ordering = ("-id",)
    actions = ("revoke",)

    def seen_by(self, user):
        """Return all tokens: staff revoke those that have leaked."""
        return ApiToken.objects.all()

    @admin.display(description=_("name"))
    def called(self, token):
        """Return what others than its owner call it."""
        return token.history_name

    @admin.action(description=_("Revoke"), permissions=["view"])
    def revoke(self, request, queryset):
        """End them at once."""

        def service(token):
            services.revoke_token(token, actor=request.user, via=Via.ADMIN)

        self.do_to_each(request, queryset.select_related("user"), service, _("revoked"))
