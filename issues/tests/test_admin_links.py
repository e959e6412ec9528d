"""The administration leads to the page of a row by its own address, and nobody to one by the id of a row."""

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from accounts.services import create_user
from issues.services import create_issue
from issues.tests.clients import at
from products.services import create_product


def test_the_page_of_a_row_is_linked_from_its_form(product, reporter, administrator):
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    page = at(administrator).get(reverse("admin:issues_issue_change", args=[issue.pk])).content.decode()
    assert f'href="{issue.get_absolute_url()}" class="viewsitelink"' in page


def test_nobody_is_led_to_a_page_by_the_id_of_its_row(product, administrator):
    private = create_product(actor=administrator, via="web", key="ZEBRA", title="Secret", visibility="private")
    hidden = create_issue(private, actor=administrator, via="web", title="Plan")
    staff = create_user(actor=None, via="web", username="stan", is_staff=True)
    for row in (product, private, hidden):
        kind = ContentType.objects.get_for_model(row)
        for user in (staff, administrator):
            assert at(user).get(f"/admin/r/{kind.pk}/{row.pk}/").status_code == 404
