"""Who may do what: the table of rights, for every role and every kind of product."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.services import create_user, update_user
from history.errors import Forbidden
from issues.models import Comment, Issue
from issues.services import add_comment, create_issue
from products import access
from products.models import Product
from products.services import create_product, set_member, update_product

ROLES = ["anonymous", "stranger", "viewer", "reporter", "triager", "maintainer", "administrator"]
REPORTERS_UP = {"reporter", "triager", "maintainer", "administrator"}
TRIAGERS_UP = {"triager", "maintainer", "administrator"}
MAINTAINERS_UP = {"maintainer", "administrator"}


@pytest.fixture
def people(administrator, maintainer, triager, reporter, viewer, stranger):
    return {
        "anonymous": AnonymousUser(),
        "stranger": stranger,
        "viewer": viewer,
        "reporter": reporter,
        "triager": triager,
        "maintainer": maintainer,
        "administrator": administrator,
    }


def open_to(product, visibility, administrator):
    return update_product(product, actor=administrator, via="web", visibility=visibility)


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        ("public", [1, 2, 2, 2, 3, 4, 4]),
        ("internal", [0, 2, 2, 2, 3, 4, 4]),
        ("private", [0, 0, 1, 2, 3, 4, 4]),
    ],
)
def test_role_is_the_higher_of_implied_and_given(people, product, administrator, visibility, expected):
    product = open_to(product, visibility, administrator)
    assert [access.role(people[name], product) for name in ROLES] == expected


ALLOWED = {
    "view": {"viewer", *REPORTERS_UP},
    "be_related": {"viewer", *REPORTERS_UP},
    "vote": {"viewer", *REPORTERS_UP},
    "watch": {"viewer", *REPORTERS_UP},
    "withdraw_own": {"viewer", *REPORTERS_UP},
    "create": REPORTERS_UP,
    "comment": REPORTERS_UP,
    "attach": REPORTERS_UP,
    "detach": TRIAGERS_UP,
    "triage": TRIAGERS_UP,
    "edit": TRIAGERS_UP,
    "edit_text": TRIAGERS_UP,
    "close": TRIAGERS_UP,
    "relate": TRIAGERS_UP,
    "edit_comment": TRIAGERS_UP,
    "comment_internally": TRIAGERS_UP,
    "bulk": TRIAGERS_UP,
    "undo": TRIAGERS_UP,
    "trash": MAINTAINERS_UP,
    "restore": MAINTAINERS_UP,
    "purge": MAINTAINERS_UP,
    "redact": MAINTAINERS_UP,
    "maintain": MAINTAINERS_UP,
    "unarchive": MAINTAINERS_UP,
    "import": MAINTAINERS_UP,
    "save_view": {"viewer", *REPORTERS_UP},
    "pin_view": {"viewer", *REPORTERS_UP},
    "share_view": REPORTERS_UP,
    "edit_view": MAINTAINERS_UP,
    "choose_default_view": MAINTAINERS_UP,
}


def test_every_action_has_its_row():
    assert set(ALLOWED) == set(access.ACTIONS)


@pytest.mark.parametrize("action", sorted(access.ACTIONS))
def test_action_on_somebody_elses_issue_in_a_private_product(people, product, administrator, action):
    product = open_to(product, "private", administrator)
    issue = create_issue(product, actor=administrator, via="web", title="Cart empties")
    assert {name for name in ROLES if access.can(people[name], action, issue)} == ALLOWED[action]


@pytest.mark.parametrize("action", sorted(access.ACTIONS))
def test_action_on_ones_own_issue(product, reporter, action):
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    own = {"edit_text", "close"}
    assert access.can(reporter, action, issue) == ("reporter" in ALLOWED[action] or action in own)


@pytest.mark.parametrize(
    ("who", "action", "own", "said"),
    [
        ("stranger", "triage", False, "Only a triager may do this."),
        ("stranger", "edit_comment", False, "Only its author or a triager may do this."),
        ("triager", "trash", False, "Only a maintainer may do this."),
        ("viewer", "comment", False, "Only a reporter may do this."),
        ("viewer", "edit_comment", True, "Only a reporter may do this."),
        ("triager", "edit_statuses", False, "Only the staff of this site may do this."),
        ("anonymous", "comment", False, "You do not have the right to do this."),
    ],
)
def test_a_refusal_names_the_role_that_it_takes(people, product, administrator, who, action, own, said):
    asked = open_to(product, "private", administrator) if who == "viewer" else product
    asked = None if action in access.SITE_ACTIONS else asked
    assert access.refusal(people[who], action, asked, own=own) == (said, "forbidden")


def test_a_refusal_names_no_role_to_who_may_not_see_it(people, product, administrator):
    hidden = open_to(product, "private", administrator)
    said = "You do not have the right to do this."
    assert access.refusal(people["stranger"], "triage", hidden) == (said, "forbidden")


@pytest.mark.parametrize("action", ["edit_comment", "undo"])
def test_ones_own_comments_and_batches_are_said_to_be_own(product, reporter, stranger, action):
    issue = create_issue(product, actor=reporter, via="web", title="Cart empties")
    assert access.can(stranger, action, issue, own=True)
    assert not access.can(stranger, action, issue)


@pytest.mark.parametrize("action", sorted(access.ACTIONS))
def test_an_archived_product_is_read_only(product, administrator, maintainer, action):
    product = update_product(product, actor=administrator, via="web", archived=True)
    assert access.can(maintainer, action, product) == (action in access.WITH_ARCHIVED)
    if action not in access.WITH_ARCHIVED:
        with pytest.raises(Forbidden) as refused:
            access.authorize(maintainer, action, product)
        assert refused.value.code == "archived"


@pytest.mark.parametrize("action", sorted(access.SITE_ACTIONS))
def test_site_actions_are_for_staff(people, action):
    staff = create_user(actor=None, via="web", username="stan", is_staff=True)
    assert access.can(staff, action)
    assert {name for name in ROLES if access.can(people[name], action)} == {"administrator"}


def test_confidential_issue_is_seen_by_author_assignee_and_triagers(people, product, administrator):
    author, assignee = people["reporter"], people["viewer"]
    issue = create_issue(product, actor=author, via="web", title="Leak", confidential=True)
    Issue.objects.filter(pk=issue.pk).update(assignee=assignee)
    issue.refresh_from_db()
    expected = {"reporter", "viewer", *TRIAGERS_UP}
    assert {name for name in ROLES if access.sees(people[name], issue)} == expected
    assert {name for name in ROLES if Issue.objects.visible_to(people[name]).exists()} == expected


def test_internal_comment_is_seen_by_triagers(people, product, triager):
    issue = create_issue(product, actor=triager, via="web", title="Cart empties")
    add_comment(issue, actor=triager, via="web", body="Ask finance.", internal=True)
    seen = {name for name in ROLES if Comment.objects.visible_to(people[name]).exists()}
    assert seen == TRIAGERS_UP


@pytest.mark.parametrize("visibility", ["public", "internal", "private"])
def test_querysets_agree_with_the_single_question(people, product, administrator, visibility):
    product = open_to(product, visibility, administrator)
    issues = [
        create_issue(product, actor=people["reporter"], via="web", title="One", confidential=confidential)
        for confidential in (False, True)
    ]
    for name in ROLES:
        person = people[name]
        assert Product.objects.visible_to(person).exists() == access.sees(person, product), name
        seen = set(Issue.objects.visible_to(person).values_list("pk", flat=True))
        assert seen == {issue.pk for issue in issues if access.sees(person, issue)}, name


def test_a_deactivated_person_is_nobody(product, triager, administrator):
    assert access.can(triager, "edit", product)
    triager = update_user(triager, actor=administrator, via="web", is_active=False)
    assert not access.can(triager, "comment", product)
    assert access.can(triager, "view", product)


def test_a_lost_role_is_lost_at_the_next_question(product, triager, administrator):
    private = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    set_member(private, triager, "triager", actor=administrator, via="web")
    assert access.can(triager, "edit", private)
    set_member(private, triager, None, actor=administrator, via="web")
    assert not access.sees(triager, private)
    assert not Product.objects.visible_to(triager).filter(pk=private.pk).exists()


@pytest.mark.parametrize(
    ("visibility", "who", "allowed"),
    [("public", "stranger", True), ("private", "stranger", False), ("private", "viewer", True)],
)
def test_only_who_sees_the_product_may_be_asked(people, product, administrator, visibility, who, allowed):
    product = open_to(product, visibility, administrator)
    assert access.may_be_asked(people[who], product) is allowed


@pytest.mark.parametrize(
    ("one", "other", "shows"),
    [
        (("WEB", "private", False), ("WEB", "private", False), True),
        (("WEB", "private", False), ("WEB", "private", True), False),
        (("WEB", "private", True), ("WEB", "private", True), False),
        (("WEB", "private", False), ("APP", "public", False), True),
        (("WEB", "private", False), ("APP", "public", True), False),
        (("WEB", "private", False), ("APP", "internal", False), True),
        (("WEB", "internal", False), ("APP", "internal", False), True),
        (("WEB", "public", False), ("APP", "internal", False), False),
        (("WEB", "public", False), ("APP", "private", False), False),
    ],
)
def test_whoever_sees_one_issue_sees_another(one, other, shows):
    issues = []
    for key, visibility, confidential in (one, other):
        product = Product(pk=1 if key == "WEB" else 2, key=key, visibility=visibility)
        issues.append(Issue(product=product, confidential=confidential))
    assert access.shows_to_all(*issues) is shows
