"""The addresses of the pages on which a product is looked after."""

from django.urls import path

from products import views

KINDS = ("components", "milestones", "versions", "labels")

urlpatterns = [
    # /products/
    path("products/new/", views.new, name="product-new"),
    # /products/WEB/
    path("products/<str:key>/settings/", views.settings, name="product-settings"),
    path("products/<str:key>/archive/", views.archive, name="product-archive"),
    path("products/<str:key>/delete/", views.trash, name="product-delete"),
    path("products/<str:key>/restore/", views.restore, name="product-restore"),
    path("products/<str:key>/members/", views.members, name="product-members"),
    path("products/<str:key>/members/<str:username>/remove/", views.remove_member, name="member-remove"),
]
for kind in KINDS:
    urlpatterns += [
        path(f"products/<str:key>/{kind}/", views.parts, {"kind": kind}, name=f"product-{kind}"),
        path(f"products/<str:key>/{kind}/<int:pk>/", views.part, {"kind": kind}, name=f"edit-{kind}"),
        path(
            f"products/<str:key>/{kind}/<int:pk>/archive/", views.archive_part, {"kind": kind}, name=f"archive-{kind}"
        ),
    ]
