"""Lists of the administration filter by what they offer; any other field would be guessed at, letter by letter."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services import create_user
from issues.services import create_issue, update_issue
from issues.tests.clients import at
from products.services import create_product, set_member


@pytest.fixture
def staff(product, administrator):
    """Stan, of the staff, who triages WEB."""
    user = create_user(actor=None, via="web", username="stan", is_staff=True)
    set_member(product, user, "triager", actor=administrator, via="web")
    return user


@pytest.fixture
def hidden(administrator):
    """ZEBRA-1, which Stan does not see."""
    private = create_product(actor=administrator, via="web", key="ZEBRA", title="Secret", visibility="private")
    return create_issue(private, actor=administrator, via="web", title="Plan")


OFFERED = {
    "accounts_user": ["is_active__exact=1", "is_staff__exact=0", "is_placeholder__exact=0"],
    "issues_issue": ["status__category__exact=new", "type__exact=bug", "priority__exact=0", "confidential__exact=0"],
    "issues_comment": ["internal__exact=1", "internal__exact=0&o=1&q=x&p=1"],
    "history_event": ["kind__exact=created", "about__exact=issue", "about=issue", "about_id__exact=1"],
    "products_milestone": ["state__exact=open"],
}
OTHERS = {
    "accounts_user": ["username=ada&password__regex=^pbkdf2", "email__startswith=a", "tokens__digest__startswith=0"],
    "accounts_apitoken": ["digest__startswith=0", "user__password__startswith=a"],
    "issues_issue": ["parent__title__startswith=P", "duplicate_of={hidden}", "product__members__user=1", "id__gt=1"],
    "history_event": ["issue={hidden}", "state__parent__name__startswith=ZEBRA", "changes__after__contains=ZEBRA"],
    "history_batch": ["left_alone__icontains=ZEBRA", "events__issue={hidden}"],
    "products_product": ["description__startswith=a", "issue__title__startswith=P"],
}


@pytest.mark.parametrize(("name", "query"), [(name, query) for name in OFFERED for query in OFFERED[name]])
def test_a_list_filters_by_what_it_offers(product, reporter, staff, name, query):
    create_issue(product, actor=reporter, via="web", title="Cart empties")
    assert at(staff).get(f"{reverse(f'admin:{name}_changelist')}?{query}").status_code == 200


def test_every_link_of_a_filter_leads_to_a_list(product, reporter, staff):
    create_issue(product, actor=reporter, via="web", title="Cart empties")
    client = at(staff)
    for name in ("accounts_user", "products_product", "products_label", "products_member", "history_batch", *OFFERED):
        address = reverse(f"admin:{name}_changelist")
        filters = client.get(address).context["cl"]
        links = [choice["query_string"] for spec in filters.filter_specs for choice in spec.choices(filters)]
        assert links, name
        assert {client.get(f"{address}{link}").status_code for link in links} == {200}, name


@pytest.mark.parametrize(("name", "query"), [(name, query) for name in OTHERS for query in OTHERS[name]])
def test_it_filters_by_nothing_else(product, reporter, administrator, hidden, staff, name, query):
    shown = create_issue(product, actor=reporter, via="web", title="Cart empties")
    update_issue(shown, actor=administrator, via="web", parent=hidden)
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    answer = client.get(f"{reverse(f'admin:{name}_changelist')}?{query.format(hidden=hidden.pk)}")
    assert answer.status_code == 400
