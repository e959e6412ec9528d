"""What the administration of every model shares: it reads what its user may see, and writes through the services."""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget, AutocompleteSelect
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import DataError, models
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.forms import TextField
from history.errors import Refused
from history.log import shared_batch
from history.models import Via
from products.numbers import read_number

COUNTED = 1000


def sign_in(request, extra_context=None):
    """Send who is not signed in to the site's own sign-in. Raises PermissionDenied for who is, but is not staff."""
    if request.user.is_authenticated:
        raise PermissionDenied(_("The administration is for the staff of this site."))
    target = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': target})}")


def no_shortcut(request, **ids):
    """Raise Http404: Django would lead from the id of any row to its page, whose address tells what is hidden."""
    raise Http404


class CappedPaginator(Paginator):
    """Counts no further than to a thousand: counting a million rows takes longer than showing a page of them."""

    @cached_property
    def count(self):
        """The number of rows, or the cap."""
        return self.object_list.order_by().values("pk")[: COUNTED + 1].count()

    @property
    def is_capped(self):
        """Whether there are more rows than are counted."""
        return self.count > COUNTED


class RowSelect(AutocompleteSelect):
    """A choice of one row, which looks up no more than what can be an id."""

    def optgroups(self, name, value, attr=None):
        """Return the row that is chosen."""
        return super().optgroups(name, [text for text in value if read_number(str(text)) is not None], attr)


class ServiceForm(forms.ModelForm):
    """A form whose cleaned fields go to a service; what the service refuses stands beside its field."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    back_office = None
    request = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.lock_version

    def _post_clean(self):
        """Write through the service, which locks and checks a row of its own; the instance stays as it was."""
        if self.errors:
            return
        try:
            self.written = self.back_office.write(self.request, self)
        except ValidationError as error:
            for field, errors in error.error_dict.items():
                self.add_error(field if field in self.fields else None, errors)
        except Refused as refused:
            self.add_error(None, refused.detail)

    def values(self, *, changed):
        """Return the cleaned fields, or only those that were changed."""
        names = self.changed_data if changed else self.cleaned_data
        return {name: self.cleaned_data[name] for name in names if name != "seen_version"}


class ServiceAdmin(admin.ModelAdmin):
    """Administration of a model by its services. Give `create` and `change`, or neither for one that is only read."""

    form = ServiceForm
    # Else each text of several lines would be a changed one.
    formfield_overrides = {models.TextField: {"form_class": TextField, "widget": AdminTextareaWidget}}
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 100
    create = None
    change = None

    def get_queryset(self, request):
        """Return what the user may see, in the order of the list."""
        return self.seen_by(request.user).order_by(*self.get_ordering(request))

    def seen_by(self, user):
        """Return what `user` may see."""
        return self.model.objects.visible_to(user)

    def get_object(self, request, object_id, from_field=None):
        """Return the row without what it refers to and the user may not see: the services read it anew to write."""
        row = super().get_object(request, object_id, from_field)
        for field in row._meta.concrete_fields if row is not None else ():
            other = getattr(row, field.attname)
            seen = self._seen_of(field, request.user) if other is not None else None
            if seen is not None and not seen.filter(pk=other).exists():
                setattr(row, field.name, None)
        return row

    def _seen_of(self, field, user):
        """Return the rows that `field` may refer to for `user`; None where nobody's rows are hidden."""
        rows = getattr(field.related_model, "objects", None)
        return rows.visible_to(user) if hasattr(rows, "visible_to") else None

    def changelist_view(self, request, extra_context=None):
        """Answer with the list. Raises BadRequest where the address or the form holds what no id can be."""
        if any(read_number(text) is None for text in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest(_("What is chosen is no row."))
        try:
            return super().changelist_view(request, extra_context)
        except (DataError, OverflowError) as error:
            raise BadRequest(_("A number in the address is too large.")) from error

    def history_view(self, request, object_id, extra_context=None):
        """Lead to what the event log tells of the row; Django's own log has nothing."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect(f"{reverse('admin:history_event_changelist')}?{urlencode(self.history_of(row))}")

    def history_of(self, row):
        """Return how the list of events is filtered to tell of `row`."""
        return {"about__exact": self.opts.model_name, "about_id__exact": row.pk}

    def lookup_allowed(self, lookup, value, request):
        """Return whether the list offers that filter: others would tell, bit by bit, what the user may not see."""
        return lookup.removesuffix("__exact").removesuffix("__isnull") in self.get_list_filter(request)

    def get_view_on_site_url(self, obj=None):
        """Return the address of its page, if it has one; Django would lead there by ids, also to what is hidden."""
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Return the field that chooses another row, of those that the user may see."""
        seen = self._seen_of(db_field, request.user)
        if seen is not None:
            kwargs["queryset"] = seen
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = RowSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request, obj=None, change=False, **kwargs):
        """Return the form, bound to this request."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"back_office": self, "request": request})

    def get_fields(self, request, obj=None):
        """Return the fields, and the version that the form was made from."""
        fields = list(super().get_fields(request, obj))
        return fields if "seen_version" in fields or not self.change else [*fields, "seen_version"]

    def write(self, request, form):
        """Write what the form says. Return the row."""
        if form.instance.pk is None:
            return self.create(request.user, form.values(changed=False))
        expected = form.cleaned_data.get("seen_version") or 0
        return self.change(form.instance, request.user, expected, form.values(changed=True))

    def save_form(self, request, form, change):
        """Return the row that the service has written."""
        return form.written

    def save_model(self, request, obj, form, change):
        """Do nothing: the service has written."""

    def save_related(self, request, form, formsets, change):
        """Do nothing: the service has written."""

    def log_addition(self, request, obj, message):
        """Do nothing: the event log tells it."""

    def log_change(self, request, obj, message):
        """Do nothing: the event log tells it."""

    def has_add_permission(self, request):
        """Return whether there is a service for it, and the user belongs to the staff."""
        return self.create is not None and request.user.is_staff

    def has_view_permission(self, request, obj=None):
        """Return whether the user belongs to the staff: what they see of it, the queryset decides."""
        return request.user.is_active and request.user.is_staff

    def has_change_permission(self, request, obj=None):
        """Return whether there is a service for it, and the user may use it on `obj`."""
        return self.change is not None and request.user.is_staff and (obj is None or self.may_change(request.user, obj))

    def may_change(self, user, obj):
        """Return whether `user` may change `obj`."""
        return True

    def has_delete_permission(self, request, obj=None):
        """Return False: there is a trash, or an archive."""
        return False

    def has_module_permission(self, request):
        """Return whether the user belongs to the staff."""
        return request.user.is_active and request.user.is_staff

    def do_to_each(self, request, queryset, service, done):
        """Call `service(row)` for each row, at most a thousand, and tell how many were done and why others were not."""
        count = 0
        rows = list(queryset[: COUNTED + 1])
        if len(rows) > COUNTED:
            messages.warning(request, _("Only the first 1,000 were taken. Search or filter for the others."))
        for row in rows[:COUNTED]:
            try:
                service(row)
                count += 1
            except Refused as refused:
                messages.error(request, f"{row}: {refused.detail}")
            except ValidationError as error:
                messages.error(request, f"{row}: {' '.join(error.messages)}")
            except self.model.DoesNotExist:
                messages.error(request, _("%(row)s is gone.") % {"row": row})
        if count:
            said = ngettext("%(count)d %(done)s.", "%(count)d %(done)s.", count)
            messages.success(request, said % {"count": count, "done": done})

    def do_as_one(self, request, queryset, service, done):
        """Call `service(row, actor=…, via=…, batch=…)` for each row, all in one batch that one undo takes back."""
        doing = {"actor": request.user, "via": Via.ADMIN}
        with shared_batch(**doing) as batch:
            self.do_to_each(request, queryset, partial(service, batch=batch, **doing), done)


class ReadOnlyAdmin(ServiceAdmin):
    """Administration of what is only read."""

    form = forms.ModelForm

    def get_form(self, request, obj=None, change=False, **kwargs):
        """Return a form that only shows."""
        return admin.ModelAdmin.get_form(self, request, obj, change=change, **kwargs)
