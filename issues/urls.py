"""The addresses of the pages of issues."""

from django.urls import path, re_path

from issues.views import (
    actions,
    alike,
    attachments,
    bulk,
    detail,
    editing,
    exports,
    feeds,
    fragments,
    lists,
    palette,
    products,
    saved,
    searching,
    triage,
)

EXPORT = r"export\.(?P<kind>csv|jsonl)"
KEY = r"(?P<key>[A-Za-z][A-Za-z0-9]{1,9}-[0-9]{1,18})"


def at(rest, view, name):
    """Return the address of something about one issue."""
    return re_path(rf"^issues/{KEY}/{rest}$", view, name=name)


urlpatterns = [
    path("", lists.my_work, name="my-work"),
    path("triage/", triage.triage, name="triage"),
    path("inbox/", triage.inbox, name="inbox"),
    # /issues/
    path("issues/", lists.issues, name="issues"),
    path("issues/new/", detail.new, name="issue-new"),
    path("issues/alike/", alike.alike, name="issue-alike"),
    path("issues/bulk/", bulk.bulk, name="issue-bulk"),
    path("issues/feed/", feeds.new_address, name="feed-address"),
    path("issues/feed.atom", feeds.issues, name="issues-feed"),
    re_path(rf"^issues/{EXPORT}$", exports.issues, name="issues-export"),
    path("issues/query/", searching.query_help, name="query-help"),
    path("issues/query/complete/", searching.complete_query, name="query-complete"),
    # /issues/WEB-142/
    at("", detail.issue, "issue"),
    at("edit/", editing.edit, "issue-edit"),
    at("set/", actions.set_fields, "issue-set"),
    at("triage/", triage.decide, "issue-decide"),
    at("here/", triage.here, "issue-here"),
    at("peek/", fragments.peek, "issue-peek"),
    at("import/", detail.imported, "issue-import"),
    at("words/", palette.preview, "issue-words"),
    at(rf"menu/(?P<field>{'|'.join(fragments.MENUS)})/", fragments.menu, "issue-menu"),
    at("comments/", actions.comment, "comment-add"),
    at(r"comments/(?P<pk>[0-9]{1,18})/edit/", actions.edit_comment, "comment-edit"),
    at(r"comments/(?P<pk>[0-9]{1,18})/trash/", actions.trash_comment, "comment-trash"),
    at(r"comments/(?P<pk>[0-9]{1,18})/restore/", actions.restore_comment, "comment-restore"),
    at(r"comments/(?P<pk>[0-9]{1,18})/redact/", actions.redact_comment, "comment-redact"),
    at("attachments/", attachments.attach, "attachment-add"),
    at(r"attachments/(?P<pk>[0-9]{1,18})/detach/", attachments.detach, "attachment-detach"),
    at(r"attachments/(?P<pk>[0-9]{1,18})/restore/", attachments.restore, "attachment-restore"),
    at(r"attachments/(?P<pk>[0-9]{1,18})/redact/", attachments.redact, "attachment-redact"),
    at("relations/", actions.relate, "issue-relate"),
    at(
        r"relations/(?P<kind>blocks|blocked-by|relates)/(?P<other>[A-Za-z0-9]+-[0-9]{1,18})/end/",
        actions.unrelate,
        "issue-unrelate",
    ),
    at(r"questions/(?P<pk>[0-9]{1,18})/withdraw/", actions.withdraw, "question-withdraw"),
    at(r"questions/(?P<pk>[0-9]{1,18})/redact/", actions.redact_question, "question-redact"),
    at("vote/", actions.vote, "issue-vote"),
    at("watch/", actions.watch, "issue-watch"),
    at("redact/", actions.redact, "issue-redact"),
    at("trash/", actions.trash, "issue-trash"),
    at("restore/", actions.restore, "issue-restore"),
    at("purge/", actions.purge, "issue-purge"),
    # /attachments/
    re_path(r"^attachments/(?P<token>[0-9a-f]{32})/$", attachments.file, name="attachment"),
    # /products/
    path("products/", products.products, name="products"),
    # /products/WEB/
    path("products/<str:key>/", products.product, name="product"),
    path("products/<str:key>/issues/", lists.product_issues, name="product-issues"),
    path("products/<str:key>/issues/feed.atom", feeds.product_issues, name="product-issues-feed"),
    re_path(rf"^products/(?P<key>[^/]+)/issues/{EXPORT}$", exports.product_issues, name="product-issues-export"),
    path("products/<str:key>/trash/", products.trash, name="product-trash"),
    path("products/<str:key>/redact/", products.redact, name="product-redact"),
    path("products/<str:key>/purge/", products.purge, name="product-purge"),
    # /views/
    path("views/", saved.views, name="views"),
    path("views/new/", saved.new_view, name="view-new"),
    path("views/counts/", saved.counts, name="view-counts"),
    # /views/7/
    path("views/<int:pk>/", saved.view, name="view"),
    path("views/<int:pk>/edit/", saved.edit, name="view-edit"),
    path("views/<int:pk>/save/", saved.save, name="view-save"),
    path("views/<int:pk>/pin/", saved.pin, name="view-pin"),
    path("views/<int:pk>/delete/", saved.delete, name="view-delete"),
    path("views/<int:pk>/feed.atom", feeds.view, name="view-feed"),
    re_path(rf"^views/(?P<pk>[0-9]{{1,18}})/{EXPORT}$", exports.view, name="view-export"),
    # /palette/
    path("palette/", palette.places, name="palette"),
    # /batches/
    path("batches/<int:pk>/", bulk.progress, name="batch"),
    path("batches/<int:pk>/undo/", actions.undo, name="batch-undo"),
]
