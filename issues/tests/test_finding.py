"""What queries find: one table on one small set of issues, the same on both databases; and what they cost."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.services import create_user, update_user
from issues import services
from issues.finding import SearchError, search
from issues.finding.completion import complete
from issues.finding.pages import IDS, paginate, paginate_seen
from issues.models import Comment, Issue, Priority, Severity, Status
from issues.query import moments
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product, set_member, update_part

NOW = datetime(2026, 9, 16, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    """Let each test begin at this noon: what is found by days depends on the day, and midnight may fall anywhere."""
    with time_machine.travel(NOW):
        yield


def ago(**step):
    return NOW - timedelta(**step)


def found(query, user, product=None):
    """Return the titles' first letters of what `query` lets `user` find, in its order."""
    asked = search(user, text=query, product=product)
    rows = asked.apply(Issue.objects.visible_to(user))
    return "".join(issue.title[0] for issue in paginate(rows, asked, size=100).rows)


def problems(query, user, product=None):
    """Return `(code, text in that place)` of all that is wrong with `query` for `user`."""
    with pytest.raises(SearchError) as refused:
        search(user, text=query, product=product)
    return [(one.code, query[one.position : one.position + one.length]) for one in refused.value.problems]


@pytest.fixture
def issues(product, maintainer, triager, reporter, administrator):
    """Six issues of WEB, a to f, and one of the private product SEC; a is the oldest."""

    def part(model, name, home=product, **fields):
        return create_part(model, product=home, actor=administrator, via="web", name=name, **fields)

    bug, ui, zone = part(Label, "bug"), part(Label, "user interface"), part(Label, "Ünder way")
    cart, pay = part(Component, "Cart"), part(Component, "Check out")
    spring, old = part(Milestone, "26.05"), part(Version, "1.0")
    secret = create_product(actor=administrator, via="web", key="SEC", title="Secret", visibility="private")
    part(Label, "hush", secret)

    def status(slug):
        return Status.objects.get(slug=slug)

    def create(title, *, home=product, author=triager, **fields):
        return services.create_issue(home, actor=author, via="web", title=title, **fields)

    a = create(
        "a login loop",
        labels=[bug, ui],
        component=cart,
        priority=Priority.HIGH,
        severity=Severity.S1,
        due_on="2026-05-01",
        milestone=spring,
        version=old,
        description="Safari asks for the password again.",
    )
    b = create("b login page", author=reporter, labels=[bug], severity=Severity.S4, type="task")
    c = create("c std::vector overflows in foo_bar", component=pay, labels=[ui], priority=Priority.LOW)
    d = create("d confidential thing", confidential=True, priority=Priority.URGENT, severity=Severity.S2)
    e = create("e duplicate login loop", author=reporter)
    f = create("f feature", type="feature", labels=[zone], due_on=timezone.localdate() + timedelta(days=2))
    create("s secret login", home=secret, author=administrator)

    def update(issue, actor=triager, **changes):
        return services.update_issue(issue, actor=actor, via="web", **changes)

    update(b, parent=a, assignee=reporter, status=status("in-progress"))
    update(b, assignee=triager)
    update(c, status=status("accepted"))
    update(e, duplicate_of=a)
    update(f, status=status("accepted"), priority=Priority.MEDIUM)
    update(f, actor=maintainer, priority=Priority.NONE)
    services.relate(a, kind="blocks", other=b, actor=triager, via="web")
    services.relate(d, kind="blocks", other=f, actor=triager, via="web")
    services.add_comment(a, actor=reporter, via="web", body="Happens with @tom's passkey too.")
    services.add_comment(c, actor=triager, via="web", body="Only an internal whisper.", internal=True)
    services.add_comment(c, actor=triager, via="web", body="Seen in the crash log.")
    update(c, snoozed_until=NOW + timedelta(days=3))
    services.ask(f, actor=triager, via="web", requestee=reporter, question="Which one?")
    Issue.objects.filter(triaged_at=None).update(overdue_at=ago(days=1))
    # Created on different days; the last changes stay those above.
    for number, days in enumerate((400, 40, 20, 10, 3, 0), 1):
        Issue.objects.filter(product=product, number=number).update(created_at=ago(days=days))
    Issue.objects.filter(product=product, number=1).update(updated_at=ago(days=35))


TABLE = [
    # Everything, and states
    ("sort:number-asc", "abcdef"),
    ("is:open sort:number-asc", "abcdf"),
    ("is:closed", "e"),
    ("is:untriaged sort:number-asc", "ad"),
    ("is:triaged sort:number-asc", "bcef"),
    ("is:snoozed", "c"),
    ("is:returned", ""),
    ("is:overdue sort:triage", "ad"),
    ("is:untriaged sort:triage", "ad"),
    ("sort:triage", "adbcef"),
    ("sort:triage-desc", "fecbda"),
    ("is:watched sort:number-asc", "abcdf"),
    ("watcher:rosa sort:number-asc", "abe"),
    ("-watcher:rosa sort:number-asc", "cdf"),
    ("watcher:mia", ""),
    ("needinfo:rosa", "f"),
    ("needinfo:mia", ""),
    ("has:needinfo", "f"),
    ("no:needinfo sort:number-asc", "abcde"),
    ("waiting:us sort:number-asc", "abcde"),
    ("waiting:US sort:number-asc", "abcde"),
    ("waiting:reporter", ""),
    ("waiting:rosa", "f"),
    ("-waiting:us", "f"),
    ("is:duplicate", "e"),
    ("is:confidential", "d"),
    ("is:blocked sort:number-asc", "bf"),
    ("is:blocking sort:number-asc", "ad"),
    ("is:unassigned sort:number-asc", "acdef"),
    ("is:mine sort:number-asc", "abcdf"),
    ("is:open is:mine is:unassigned sort:number-asc", "acdf"),
    ("is:closed,confidential sort:number-asc", "de"),
    ("-is:open", "e"),
    # Names
    ("product:WEB sort:number-asc", "abcdef"),
    ("product:web is:closed", "e"),
    ("component:cart", "a"),
    ('component:"check out"', "c"),
    ("component:cart,@none sort:number-asc", "abdef"),
    ("-component:cart sort:number-asc", "bcdef"),
    ("status:new sort:number-asc", "ad"),
    ("status:triage sort:number-asc", "ad"),
    ("status:accepted,started sort:number-asc", "bcf"),
    ("status:in-progress", "b"),
    ("category:closed", "e"),
    ("label:bug sort:number-asc", "ab"),
    ('label:bug label:"user interface"', "a"),
    ('label:bug,"user interface" sort:number-asc', "abc"),
    ("-label:bug sort:number-asc", "cdef"),
    ('label:"Ünder way"', "f"),
    ("milestone:26.05", "a"),
    ("version:1.0", "a"),
    ("-version:1.0 sort:number-asc", "bcdef"),
    # People
    ("assignee:tom", "b"),
    ("assignee:TOM", "b"),
    ("assignee:@me", "b"),
    ("assignee:@none sort:number-asc", "acdef"),
    ("assignee:@any", "b"),
    ("-assignee:tom sort:number-asc", "acdef"),
    ("author:rosa sort:number-asc", "be"),
    ("reporter:rosa -is:closed", "b"),
    ("commenter:rosa", "a"),
    ("commenter:@me", "c"),
    ("has:commenter sort:number-asc", "ac"),
    ("no:commenter sort:number-asc", "bdef"),
    ("commenter:rosa,@none sort:number-asc", "abdef"),
    ("mentions:tom", "a"),
    ("involves:rosa sort:number-asc", "abe"),
    ("involves:@me is:open -author:@me sort:number-asc", "b"),
    # Words of a list, ranks
    ("type:task", "b"),
    ("type:bug,task sort:number-asc", "abcde"),
    ("-type:bug sort:number-asc", "bf"),
    ("resolution:duplicate", "e"),
    ("no:resolution sort:number-asc", "abcdf"),
    ("source:web sort:number-asc", "abcdef"),
    ("source:import", ""),
    ("confidential:true", "d"),
    ("confidential:false sort:number-asc", "abcef"),
    ("priority:high", "a"),
    ("priority:>=high sort:number-asc", "ad"),
    ("priority:>high", "d"),
    ("priority:<high sort:number-asc", "bcef"),
    ("priority:<=low sort:number-asc", "bcef"),
    ("priority:low..high sort:number-asc", "ac"),
    ("priority:high..low sort:number-asc", "ac"),
    ("priority:medium.. sort:number-asc", "ad"),
    ("no:priority sort:number-asc", "bef"),
    ("severity:>=s2 sort:number-asc", "ad"),
    ("severity:s1..s2 sort:number-asc", "ad"),
    ("severity:<s2", "b"),
    ("severity:..s3", "b"),
    ("severity:unset sort:number-asc", "cef"),
    ("no:severity sort:number-asc", "cef"),
    ("has:severity sort:number-asc", "abd"),
    ("severity:s1,s2 sort:number-asc", "ad"),
    # Links
    ("parent:WEB-1", "b"),
    ("parent:web-1,web-2", "b"),
    ("no:parent sort:number-asc", "acdef"),
    ("has:parent", "b"),
    ("blocks:WEB-2", "a"),
    ("blocked-by:WEB-1", "b"),
    ("has:blocks sort:number-asc", "ad"),
    ("has:blocked-by sort:number-asc", "bf"),
    ("no:blocks sort:number-asc", "bcef"),
    ("duplicate-of:WEB-1", "e"),
    ("has:duplicate-of", "e"),
    ("id:WEB-1,WEB-3 sort:number-asc", "ac"),
    ("WEB-3", "c"),
    ("web-3", "c"),
    ("#3", "c"),
    ("3", "c"),
    ("WEB-3 OR WEB-4 sort:number-asc", "cd"),
    ("-WEB-3 sort:number-asc", "abdef"),
    # Numbers and texts that are there
    ("comments:1 sort:number-asc", "ac"),
    ("comments:>0 sort:number-asc", "ac"),
    ("comments:0 sort:number-asc", "bdef"),
    ("comments:..0 sort:number-asc", "bdef"),
    ("comments:9..1 sort:number-asc", "ac"),
    ("comments:10..9", ""),
    ("has:comments sort:number-asc", "ac"),
    ("votes:>=1", ""),
    ("votes:0 is:closed", "e"),
    ("no:body sort:number-asc", "bcdef"),
    ("has:body", "a"),
    # Times
    ("created:>-2w sort:number-asc", "def"),
    ("created:<-2w sort:number-asc", "abc"),
    ("created:>=-30d sort:number-asc", "cdef"),
    ("created:-30d..-5d sort:number-asc", "cd"),
    ("created:-5d..-30d sort:number-asc", "cd"),
    ("created:today..@today-3d sort:number-asc", "ef"),
    ("-created:-5d..-30d sort:number-asc", "abef"),
    ("created:today", "f"),
    ("created:@today", "f"),
    ("created:-10d", "d"),
    ("created:@today-3d", "e"),
    ("created:<yesterday sort:number-asc", "abcde"),
    ("created:<=@today-3d sort:number-asc", "abcde"),
    ("-created:>-2w sort:number-asc", "abc"),
    ("age:>30d sort:number-asc", "ab"),
    ("age:>=1y", "a"),
    ("age:<1w sort:number-asc", "ef"),
    ("age:2w..2m sort:number-asc", "bc"),
    ("age:2m..2w sort:number-asc", "bc"),
    ("age:10d", "d"),
    ("age:0d", "f"),
    ("idle:>30d", "a"),
    ("idle:<1d sort:number-asc", "bcdef"),
    ("updated:>-1d sort:number-asc", "bcdef"),
    ("closed:today", "e"),
    ("no:closed sort:number-asc", "abcdf"),
    ("has:triaged sort:number-asc", "bcef"),
    ("triaged:>=today sort:number-asc", "bcef"),
    ("due:2026-05", "a"),
    ("due:2026-05-01", "a"),
    ("due:<2026-06", "a"),
    ("due:<=+3d sort:number-asc", "af"),
    ("due:today..+3d", "f"),
    ("due:+3d..today", "f"),
    ("due:2026-06..2026-04", "a"),
    # Within one another they are as they were.
    ("due:2026-04..2026 -due:today..+3d", "a"),
    ("due:@today+2d", "f"),
    ("no:due sort:number-asc", "bcde"),
    ("-due:2026 sort:number-asc", "bcde"),
    # The log
    ("was:status=new sort:number-asc", "abcdef"),
    ("was:status=accepted sort:number-asc", "cf"),
    ("was:status=triage sort:number-asc", "abcdef"),
    ("was:assignee=rosa", "b"),
    ("was:assignee=@me", "b"),
    ("was:priority=medium", "f"),
    ("was:resolution=duplicate", "e"),
    ("was:due=2026-05-01", "a"),
    ("was:confidential=true", "d"),
    ("was:parent=WEB-1", "b"),
    ("changed:assignee", "b"),
    ("changed:status sort:number-asc", "bcef"),
    ("changed:status/by=@me sort:number-asc", "bcef"),
    ("changed:priority/by=mia", "f"),
    ("changed:priority/by=rosa", ""),
    ("changed:status:>-7d sort:number-asc", "bcef"),
    ("changed:status:<-7d", ""),
    ("changed:title", ""),
    ("by:mia", "f"),
    ("by:rosa sort:number-asc", "abe"),
    # Together
    ("(priority:>=high OR type:task) sort:number-asc", "abd"),
    ("label:bug (priority:high OR assignee:tom) -type:task", "a"),
    ("-(label:bug OR is:closed) sort:number-asc", "cdf"),
    ("number:2..4 sort:number-asc", "bcd"),
    ("number:>4 sort:number-asc", "ef"),
    ("NOT label:bug AND is:open sort:number-asc", "cdf"),
    ("is:closed OR is:confidential | type:feature sort:number-asc", "def"),
    # Orders; the empty come last both ways
    ("sort:priority-desc,number-asc", "dacbef"),
    ("sort:priority-asc,number-asc", "befcad"),
    ("sort:severity,number-asc", "adbcef"),
    ("sort:severity-asc,number-asc", "bdacef"),
    ("sort:due,number-asc", "afbcde"),
    ("sort:due-desc,number-asc", "fabcde"),
    ("sort:closed,number-asc", "eabcdf"),
    ("sort:closed-asc,number-asc", "eabcdf"),
    ("sort:comments,number-asc", "acbdef"),
    ("sort:comments-asc,number-asc", "bdefac"),
    ("sort:created-asc", "abcdef"),
    ("sort:created", "fedcba"),
    ("sort:status,number-asc", "adcfbe"),
    ("sort:votes,number", "fedcba"),
    # Words
    ("login sort:number-asc", "abe"),
    ("LOGIN sort:number-asc", "abe"),
    ("login loop sort:number-asc", "ae"),
    ('"login loop" sort:number-asc', "ae"),
    ('"loop login"', ""),
    ("log* sort:number-asc", "abce"),
    ("login -loop", "b"),
    ("password", "a"),
    ("safari in:title", ""),
    ("safari in:body", "a"),
    ("in:comments passkey", "a"),
    ("passkey login", "a"),
    ("title:login sort:number-asc", "abe"),
    ("title:log* sort:number-asc", "abe"),
    ('title:"log*"', ""),
    ("body:password", "a"),
    ("body:login", ""),
    ("crash", "c"),
    ('"std::vector"', "c"),
    ("vector", "c"),
    ("foo_bar", "c"),
    ("foo", "c"),
    ("whisper", "c"),
    ("login OR feature sort:number-asc", "abef"),
    ("login is:closed", "e"),
    ("UTF-8", ""),
    ("nothing-of-the-kind", ""),
]


@pytest.mark.django_db
def test_what_queries_find(issues, triager):
    wrong = {}
    for query, titles in TABLE:
        if (got := found(query, triager)) != titles:
            wrong[query] = (got, titles)
    assert wrong == {}


def test_the_best_match_comes_first(issues, triager):
    assert found("login", triager)[-1] != "a" or found("login", triager) == "eba"
    assert found("password OR feature", triager) == "fa"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("label:nothing", [("unknown", "nothing")]),
        ("is:open label:bug,nothing", [("unknown", "nothing")]),
        ("label:blocked2 OR component:nowhere", [("unknown", "blocked2"), ("unknown", "nowhere")]),
        ("assignee:nobody", [("unknown", "nobody")]),
        ("status:nothing", [("unknown", "nothing")]),
        ("product:NONE", [("unknown", "NONE")]),
        ("label:hush", [("unknown", "hush")]),
        ("parent:SEC-1", [("unknown", "SEC-1")]),
        ("WEB-99", [("unknown", "WEB-99")]),
        ("was:assignee=nobody", [("unknown", "nobody")]),
        ("was:parent=@none", [("value", "@none")]),
        ("by:nobody", [("unknown", "nobody")]),
        ("changed:status/by=nobody", [("unknown", "nobody")]),
    ],
)
def test_what_does_not_exist_for_the_reader_is_a_mistake(issues, triager, query, expected):
    assert problems(query, triager) == expected


def test_what_is_nearly_a_name_is_suggested_but_no_hidden_one(issues, product, triager, administrator):
    def suggested(query, user):
        with pytest.raises(SearchError) as refused:
            search(user, text=query)
        return refused.value.problems[0].suggestions

    assert suggested("label:bgu", triager) == ("bug",)
    assert suggested("component:checkout", triager) == ('"Check out"',)
    create_part(Label, product=product, actor=administrator, via="web", name="first,second")
    assert suggested("label:first-second", triager) == ('"first,second"',)
    assert suggested("label:hushh", triager) == ()
    assert suggested("label:hushh", administrator) == ("hush",)
    assert suggested("assignee:rosaa", triager) == ("rosa",)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort:number-asc", "abcef"),
        ("is:confidential", ""),
        ("is:blocked", "b"),
        ("is:blocking", "a"),
        ("has:blocks", "a"),
        ("has:blocked-by", "b"),
        ("whisper", ""),
        ("-whisper sort:number-asc", "abcef"),
        ("thing", ""),
        ("commenter:tom crash", "c"),
        ("no:commenter sort:number-asc", "bef"),
        ("has:commenter sort:number-asc", "ac"),
        ("confidential:true OR type:feature", "f"),
    ],
)
def test_a_stranger_finds_only_what_a_stranger_sees(issues, stranger, query, expected):
    assert found(query, stranger) == expected


@pytest.mark.parametrize("name", ["us", "Reporter"])
def test_whoever_is_called_as_a_word_of_waiting_is_named_in_quotes(issues, triager, name):
    asked = User.objects.create(username=name)
    assert found(f'waiting:"{name}"', triager) == ""
    issue = Issue.objects.get(title__startswith="a ")
    services.ask(issue, actor=triager, via="web", requestee=asked, question="Which one?")
    assert found(f'waiting:"{name}"', triager) == "a"
    assert (found("waiting:us sort:number-asc", triager), found("waiting:reporter", triager)) == ("bcde", "")
    offers = complete(f"waiting:{name[:2]}", "", triager)["offers"]
    assert [offer["text"] for offer in offers] == [name.lower(), f'"{name}"']


def test_who_is_not_signed_in_has_no_self(issues):
    for query in ("assignee:@me", "is:mine", "by:@me", "was:assignee=@me", "changed:status/by=@me"):
        assert [code for code, _text in problems(query, AnonymousUser())] == ["anonymous"]


@pytest.mark.parametrize(
    "query", ['label:"ünder WAY"', "component:ÉTÉ", "assignee:élise", "was:assignee=ÉLISE", "by:élise"]
)
def test_names_of_any_letters_are_found_in_any_capitals(product, maintainer, query):
    elise = create_user(actor=None, via="web", username="Élise", display_name="Élise")
    set_member(product, elise, "triager", actor=maintainer, via="web")
    label, component = (
        create_part(model, product=product, actor=maintainer, via="web", name=name)
        for model, name in ((Label, "Ünder way"), (Component, "Été"))
    )
    a = services.create_issue(product, actor=elise, via="web", title="a", assignee=elise, labels=[label])
    services.update_issue(a, actor=elise, via="web", component=component)
    services.create_issue(product, actor=maintainer, via="web", title="b")
    assert found(query, maintainer) == "a"


@pytest.mark.parametrize("name", ["ΟΔΟΣ", "İstanbul"])
def test_a_name_is_found_as_it_is_written_whatever_its_small_letters_are(product, triager, maintainer, name):
    label = create_part(Label, product=product, actor=maintainer, via="web", name=name)
    services.create_issue(product, actor=triager, via="web", title="a", labels=[label])
    assert found(f"label:{name}", triager) == "a"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL never let such a name in")
def test_of_two_people_whose_names_differ_by_capitals_the_one_that_is_named_is_meant(product, triager):
    for name in ("Élise", "élise"):
        author = User.objects.create(username=name)
        issue = services.create_issue(product, actor=triager, via="web", title="ab"[name.islower()])
        Issue.objects.filter(pk=issue.pk).update(author=author)
    for name, titles in (("Élise", "a"), ("élise", "b"), ("ÉLISE", "ab")):
        assert found(f"author:{name} sort:created-asc", triager) == titles


def test_in_the_list_of_a_product_names_and_numbers_are_its_own(issues, administrator, product):
    assert found("#1", administrator) == "sa"
    assert problems("label:hush", administrator, product) == [("unknown", "hush")]
    assert found("label:hush", administrator) == ""


def test_days_are_those_of_the_reader(product, triager):
    (issue,) = [services.create_issue(product, actor=triager, via="web", title="x")]
    Issue.objects.filter(pk=issue.pk).update(created_at=datetime(2026, 6, 30, 23, 30, tzinfo=ZoneInfo("UTC")))

    def finds(query, zone):
        asked = search(triager, text=query, zone=ZoneInfo(zone))
        return asked.apply(Issue.objects.visible_to(triager)).exists()

    assert finds("created:2026-06", "UTC")
    assert not finds("created:2026-06", "Europe/Vienna")
    assert finds("created:2026-07-01", "Europe/Vienna")
    assert finds("created:>=2026-07", "Asia/Tokyo")
    assert finds("created:2026-06-30", "America/New_York")


def test_nobody_is_told_of_comments_that_they_do_not_see(product, triager, stranger):
    issue = services.create_issue(product, actor=triager, via="web", title="a")
    services.add_comment(issue, actor=triager, via="web", body="A whisper.", internal=True)
    assert [found("has:commenter", user) for user in (triager, stranger, AnonymousUser())] == ["a", "", ""]
    assert [found("no:commenter", user) for user in (triager, stranger, AnonymousUser())] == ["", "a", "a"]


def test_a_comment_whose_author_is_not_known_is_one(product, triager):
    issue = services.create_issue(product, actor=triager, via="web", title="a")
    services.add_comment(issue, actor=triager, via="web", body="Imported.")
    Comment.objects.update(author=None)
    assert [found(query, triager) for query in ("has:commenter", "no:commenter")] == ["a", ""]


def test_an_archived_label_is_still_found_by_its_name(issues, triager, maintainer):
    label = Label.objects.get(name="bug")
    update_part(label, actor=maintainer, via="web", archived=True)
    assert found("label:bug sort:number-asc", triager) == "ab"


def test_all_names_are_looked_up_in_one_statement(issues, triager, django_assert_num_queries):
    list(Issue.objects.visible_to(triager)[:1])
    query = (
        'label:bug,"user interface" -component:Cart,@none assignee:tom,rosa status:new,started was:status=new by:mia'
    )
    with django_assert_num_queries(1):
        search(triager, text=query + " WEB-1 parent:WEB-2 product:WEB changed:status/by=rosa")
    with django_assert_num_queries(0):
        search(triager, text="is:open priority:>=high created:>-2w no:assignee")


@pytest.mark.parametrize(
    ("query", "expected"), [("body:@none", "bd"), ("body:@any", "c"), ("-body:@none", "c"), ("body:text,@none", "bcd")]
)
def test_what_has_no_text_is_found(product, triager, query, expected):
    for title, text in (("b", ""), ("c", "a text"), ("d", "")):
        services.create_issue(product, actor=triager, via="web", title=title, description=text)
    assert "".join(sorted(found(query, triager))) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [("2026-06-15", "a"), ("2026-06", "a"), ("2026", "a"), ("2026-07", ""), ("2025", ""), ("2026-06-14", "")],
)
def test_a_month_is_as_long_in_the_past(product, triager, query, expected):
    issue = services.create_issue(product, actor=triager, via="web", title="a", due_on=date(2026, 6, 15))
    services.update_issue(issue, actor=triager, via="web", due_on=None)
    assert found(f"was:due={query}", triager) == expected


@pytest.mark.parametrize(
    ("now", "offset"), [((2026, 3, 29, 3, 30), "-2h"), ((2026, 10, 25, 6, 30), "-6h"), ((2026, 10, 25, 1, 30), "+3h")]
)
def test_an_hour_is_one_whatever_the_clock_on_the_wall_does(now, offset):
    moment = datetime(*now, tzinfo=ZoneInfo("Europe/Vienna"))
    start, _end = moments.interval(offset, moment)
    passed = start.astimezone(UTC) - moment.astimezone(UTC)
    assert passed == timedelta(hours=int(offset[:-1]))
    assert start.tzinfo == moment.tzinfo


def test_values_count_as_terms_do(product, triager, django_assert_max_num_queries):
    def values(count):
        return ",".join(["tom"] * count)

    with pytest.raises(SearchError) as refused:
        search(triager, text=f"watcher:{values(61)}")
    assert refused.value.problems[0].code == "too_many"
    # However often somebody is named, it is asked once.
    lengths = [len(str(search(triager, text=f"watcher:{values(count)}").condition)) for count in (2, 60)]
    assert lengths[0] == lengths[1]


def test_who_is_one_of_several_watchers_is_found_whatever_the_others_want(issues, triager, maintainer):
    services.watch(Issue.objects.get(title__startswith="a"), actor=maintainer, via="web", wanted=False)
    assert found("watcher:rosa sort:number-asc", triager) == "abe"
    assert found("watcher:rosa,mia sort:number-asc", triager) == "abe"
    assert found("-watcher:rosa,mia sort:number-asc", triager) == "cdf"
    assert found("watcher:mia", triager) == ""


def test_who_is_deactivated_watches_nothing(issues, triager, reporter, administrator):
    assert found("watcher:rosa sort:number-asc", triager) == "abe"
    update_user(reporter, actor=administrator, via="web", is_active=False)
    assert found("watcher:rosa", triager) == ""
    assert found("-watcher:rosa sort:number-asc", triager) == "abcdef"
    assert found("author:rosa sort:number-asc", triager) != ""


def test_what_is_long_is_neither_kept_nor_said_for_each_product(product, triager, stranger, administrator):
    for key in ("ONE", "TWO", "SIX"):
        create_product(actor=administrator, via="web", key=key, title=key, visibility="public")
    services.create_issue(product, actor=triager, via="web", title="a")
    long = search(stranger, text=" ".join(["-author:sam"] * 30))
    IDS.kept.cache_clear()
    assert paginate_seen(long, lambda found: dict.fromkeys(found, "a"), size=10).rows == ["a"]
    assert IDS.kept.cache_info().currsize == 0
    short = search(stranger, text="is:open")
    assert paginate_seen(short, lambda found: dict.fromkeys(found, "a"), size=10).rows == ["a"]
    assert IDS.kept.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("name", "expected"), [("Straße", "b"), ("x" * 100, "b"), ("[deleted]", ""), ("...", ""), ("a@b.c-d", "b")]
)
def test_people_are_found_by_their_mentions_whatever_they_are_called(product, triager, stranger, name, expected):
    stranger.username = name
    stranger.save()
    services.create_issue(product, actor=triager, via="web", title="a", description=f"not {name} or deleted")
    services.create_issue(product, actor=triager, via="web", title="b", description=f"Ask @{name}, please.")
    for field in ("mentions", "involves"):
        assert found(f'{field}:"{name}"', triager) == expected
