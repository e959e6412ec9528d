"""The administration of products, their parts and their members."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from history.models import Via
from issuetracker.backoffice import ServiceAdmin
from products import services
from products.access import can
from products.models import Component, Label, Member, Milestone, Product, Version


@admin.register(Product)
class ProductAdmin(ServiceAdmin):
    """Products."""

    fields = (
        ("key", "title"),
        "description",
        ("visibility", "owner"),
        ("triage_days", "members_skip_triage"),
    )
    list_display = ("key", "title", "visibility", "owner", "archived_at", "updated_at")
    list_select_related = ("owner",)
    list_filter = ("visibility",)
    search_fields = ("key", "title")
    autocomplete_fields = ("owner",)
    ordering = ("key",)
    actions = ("archive", "take_out", "move_to_trash")

    def create(self, actor, values):
        """Create a product."""
        return services.create_product(actor=actor, via=Via.ADMIN, **values)

    def change(self, product, actor, expected, values):
        """Change a product."""
        return services.update_product(product, actor=actor, via=Via.ADMIN, expected_version=expected, **values)

    def may_change(self, user, obj):
        """Return whether `user` maintains it."""
        return can(user, "maintain", obj)

    @admin.action(description=_("Archive"), permissions=["view"])
    def archive(self, request, queryset):
        """Make them read-only."""
        self._archive(request, queryset, True)

    @admin.action(description=_("Take out of the archive"), permissions=["view"])
    def take_out(self, request, queryset):
        """Put them to use again."""
        self._archive(request, queryset, False)

    def _archive(self, request, queryset, archived):
        def service(product):
            services.update_product(product, actor=request.user, via=Via.ADMIN, archived=archived)

        self.do_to_each(request, queryset, service, _("archived") if archived else _("taken out of the archive"))

    @admin.action(description=_("Move to the trash"), permissions=["view"])
    def move_to_trash(self, request, queryset):
        """Move them to the trash with their issues."""

        def service(product):
            services.trash_product(product, actor=request.user, via=Via.ADMIN)

        self.do_to_each(request, queryset, service, _("moved to the trash"))


class PartAdmin(ServiceAdmin):
    """Components, milestones, versions and labels."""

    list_display = ("name", "product", "archived_at")
    list_select_related = ("product",)
    search_fields = ("name", "product__key")
    autocomplete_fields = ("product",)
    ordering = ("name", "id")
    actions = ("archive", "take_out")

    def get_readonly_fields(self, request, obj=None):
        """Return the product once it is chosen: a part stays where it is."""
        return ("product",) if obj else ()

    def create(self, actor, values):
        """Create a part."""
        return services.create_part(self.model, actor=actor, via=Via.ADMIN, **values)

    def change(self, part, actor, expected, values):
        """Change a part."""
        return services.update_part(part, actor=actor, via=Via.ADMIN, expected_version=expected, **values)

    def may_change(self, user, obj):
        """Return whether `user` maintains its product, or belongs to the staff where it is of the site."""
        return can(user, "edit_site_labels") if obj.product is None else can(user, "maintain", obj.product)

    @admin.action(description=_("Archive"))
    def archive(self, request, queryset):
        """Offer them no more."""
        self._archive(request, queryset, True)

    @admin.action(description=_("Take out of the archive"))
    def take_out(self, request, queryset):
        """Offer them again."""
        self._archive(request, queryset, False)

    def _archive(self, request, queryset, archived):
        def service(part):
            services.update_part(part, actor=request.user, via=Via.ADMIN, archived=archived)

        self.do_to_each(request, queryset, service, _("archived") if archived else _("taken out of the archive"))


@admin.register(Component)
class ComponentAdmin(PartAdmin):
    """Components."""

    fields = ("product", "name", "description", "triage_owner", "default_assignee")
    list_display = ("name", "product", "triage_owner", "default_assignee", "archived_at")
    list_select_related = ("product", "triage_owner", "default_assignee")
    autocomplete_fields = ("product", "triage_owner", "default_assignee")


@admin.register(Milestone)
class MilestoneAdmin(PartAdmin):
    """Milestones."""

    fields = ("product", "name", "due_on", "state")
    list_display = ("name", "product", "due_on", "state", "archived_at")
    list_filter = ("state",)


@admin.register(Version)
class VersionAdmin(PartAdmin):
    """Versions."""

    fields = ("product", "name")


@admin.register(Label)
class LabelAdmin(PartAdmin):
    """Labels: without a product they are of the whole site."""

    fields = ("product", "name", "description", "colour")
    list_display = ("name", "product", "colour", "description", "archived_at")
    list_filter = ("colour",)


@admin.register(Member)
class MemberAdmin(ServiceAdmin):
    """Memberships."""

    fields = ("product", "user", "role")
    list_display = ("user", "product", "role", "created_at")
    list_select_related = ("user", "product")
    list_filter = ("role",)
    search_fields = ("user__username", "product__key")
    autocomplete_fields = ("product", "user")
    ordering = ("-id",)
    actions = ("end",)

    def seen_by(self, user):
        """Return the memberships of products that `user` may see."""
        return Member.objects.filter(product__in=Product.objects.visible_to(user))

    def get_readonly_fields(self, request, obj=None):
        """Return who and where, once they are chosen."""
        return ("product", "user") if obj else ()

    def create(self, actor, values):
        """Let somebody in."""
        product, user = values.pop("product"), values.pop("user")
        return services.set_member(product, user, values["role"], actor=actor, via=Via.ADMIN, is_member=False)

    def change(self, member, actor, expected, values):
        """Change a role."""
        role = values.get("role", member.role)
        options = {"actor": actor, "via": Via.ADMIN, "expected_version": expected}
        return services.set_member(member.product, member.user, role, **options)

    def may_change(self, user, obj):
        """Return whether `user` maintains the product."""
        return can(user, "maintain", obj.product)

    @admin.action(description=_("End the membership"))
    def end(self, request, queryset):
        """End them."""

        def service(member):
            services.set_member(member.product, member.user, None, actor=request.user, via=Via.ADMIN)

        self.do_to_each(request, queryset.select_related("product", "user"), service, _("ended"))
