"""Reading and printing queries: a table of what is understood, and of what is refused, where and with which hint."""

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from issues.query import Problem, QueryError, parse, to_text
from issues.query.completing import Offer, completing
from issues.query.fields import EMPTYABLE, FIELDS, KEPT, SORTS, WHERE, Kind
from issues.query.parsing import TERMS
from issues.query.printing import depth, print_node
from issues.query.tree import And, By, Changed, Not, Or, Plain, Query, Range, Ref, Sort, Special, Term, Text, Was

UNDERSTOOD = [
    ("", ""),
    ("login", "login"),
    ("login loop", "login loop"),
    ("login AND loop", "login loop"),
    ("login OR loop", "login OR loop"),
    ("login or loop", "login or loop"),
    ("a | b", "a OR b"),
    ("a|b", "a|b"),
    ("a b OR c", "(a b) OR c"),
    ("a OR b c", "a OR (b c)"),
    ("(a OR b) c", "(a OR b) c"),
    ("((a)) (b)", "a b"),
    ("(a b) c", "a b c"),
    ("(a OR b) OR c", "a OR b OR c"),
    ("-a", "-a"),
    ("NOT a", "-a"),
    ("NOT NOT a", "a"),
    ("--a", "a"),
    ("-(a OR b)", "-(a OR b)"),
    ("not a", "not a"),
    ('"login loop"', '"login loop"'),
    ('"OR"', '"OR"'),
    (r'"say \"hi\""', r'"say \"hi\""'),
    (r'"C:\\temp"', r'"C:\\temp"'),
    (r'"C:\Users\ana"', r'"C:\\Users\\ana"'),
    (r'label:"a\b \"c\" \\d"', r'label:"a\\b \"c\" \\d"'),
    ("log*", "log*"),
    ("re-open", "re-open"),
    ("foo.py:12", "foo.py:12"),
    ("see https://a.example/x?y=1", 'see "https://a.example/x?y=1"'),
    ("-HTTP://a.example/", '-"HTTP://a.example/"'),
    ("https://a.example/Rust_(language) b", '"https://a.example/Rust_(language)" b'),
    ("a https://a.example/#run()", 'a "https://a.example/#run()"'),
    ("(https://a.example/ OR b) c", '("https://a.example/" OR b) c'),
    ("(b OR https://a.example/(x)) c", '(b OR "https://a.example/(x)") c'),
    ("(b OR -https://a.example/)", 'b OR -"https://a.example/"'),
    ("(https://a.example/Foo_(bar) b)", '"https://a.example/Foo_(bar)" b'),
    ("https://a.example/Foo_(bar baz)", '"https://a.example/Foo_" bar baz'),
    ("https://a.example/a(b)_(c(d) e)", '"https://a.example/a(b)_" c d e'),
    ("12:30", "12:30"),
    ("a,b", '"a,b"'),
    ("#12", "#12"),
    ("12", "#12"),
    ("error 12", 'error "12"'),
    ("WEB-142", "WEB-142"),
    ("web-142", "WEB-142"),
    ("is:open", "is:open"),
    ("IS:Open", "is:open"),
    ("is:open is:mine", "is:open is:mine"),
    ("is:untriaged product:WEB sort:created-asc", "is:untriaged product:WEB sort:created-asc"),
    ("product:web", "product:WEB"),
    ("reporter:ana", "author:ana"),
    ("label:a,b label:c", "label:a,b label:c"),
    ('label:"a b",c', 'label:"a b",c'),
    ('label:"c"', "label:c"),
    ('label:"@me"', 'label:"@me"'),
    ("label:group/name", "label:group/name"),
    ("assignee:@ME", "assignee:@me"),
    ("assignee:@none,ana", "assignee:@none,ana"),
    ("priority:>=HIGH", "priority:>=high"),
    ("priority:=high", "priority:high"),
    ("priority:low..high", "priority:low..high"),
    ("severity:s1..s2", "severity:s1..s2"),
    ("severity:>=s2", "severity:>=s2"),
    ("severity:=unset", "severity:unset"),
    ("priority:>none priority:none..low", "priority:>none priority:none..low"),
    ("no:assignee has:label", "no:assignee has:label"),
    ("no:assignee,component", "no:assignee,component"),
    ("no:assignee assignee:@none no:assignee", "no:assignee assignee:@none no:assignee"),
    ("no:assignee,component assignee:ana", "no:assignee,component assignee:ana"),
    ("no:label label:bug", "no:label label:bug"),
    ("assignee:@any assignee:ana -assignee:@me", "assignee:@any assignee:ana -assignee:@me"),
    ("no:description has:Reporter", "no:body has:author"),
    ("description:login", "body:login"),
    ("changed:description", "changed:body"),
    ("number:100..300", "number:100..300"),
    ("number:>100", "number:>100"),
    ("votes:>=5", "votes:>=5"),
    ("comments:1..3", "comments:1..3"),
    ("comments:007", "comments:7"),
    ("created:2026-06", "created:2026-06"),
    ("created:>-2w", "created:>-2w"),
    ("created:2026-06-01..2026-06-15", "created:2026-06-01..2026-06-15"),
    ("created:2026..", "created:2026..*"),
    ("created:*..2026", "created:*..2026"),
    ("created:TODAY", "created:today"),
    ("due:<=+3d", "due:<=+3d"),
    ("due:@today+3d", "due:@today+3d"),
    ("age:>30d idle:2w..6m", "age:>30d idle:2w..6m"),
    ("id:web-1,app-2", "id:WEB-1,APP-2"),
    ("blocked-by:WEB-1", "blocked-by:WEB-1"),
    ('title:"login loop"', 'title:"login loop"'),
    (r"title:log*,a\b*,a..b*", r"title:log*,a\b*,a..b*"),
    ('title:"foo*"', "title:foo"),
    ('title:"f*o*"', 'title:"f*o"'),
    ('label:"a*b",c*', 'label:"a*b",c*'),
    ("confidential:true", "confidential:true"),
    ("status:a,b", "status:a,b"),
    ("status:a OR status:b", "status:a OR status:b"),
    ("no:priority priority:none", "no:priority priority:none"),
    ("priority:none,@none no:priority", "priority:none,@none no:priority"),
    ("no:severity severity:unset", "no:severity severity:unset"),
    ("waiting:reporter waiting:@me", "waiting:reporter waiting:@me"),
    ('waiting:US,"us","Reporter" assignee:"us"', 'waiting:us,"us","Reporter" assignee:us'),
    ("status:a -status:b", "status:a -status:b"),
    ("created:>2025 created:<2026", "created:>2025 created:<2026"),
    ("was:status=new", "was:status=new"),
    ('was:component="Check out"', 'was:component="Check out"'),
    ("was:assignee=@me", "was:assignee=@me"),
    ("changed:assignee", "changed:assignee"),
    ("changed:assignee:>-7d", "changed:assignee:>-7d"),
    ("changed:status/by=@me", "changed:status/by=@me"),
    ("changed:status/by=ana:2026-06", "changed:status/by=ana:2026-06"),
    ('changed:status/by="a:b":2026', 'changed:status/by="a:b":2026'),
    ("by:ana", "by:ana"),
    ('by:"@todays"', "by:@todays"),
    ('"login loop" in:title -safari', '"login loop" -safari in:title'),
    ("sort:votes-desc,created-asc a", "a sort:votes-desc,created-asc"),
    ("is:open AND sort:created-desc", "is:open sort:created-desc"),
    ("sort:created-desc AND is:open", "is:open sort:created-desc"),
    ("a AND sort:due AND b", "a b sort:due-asc"),
    ("a AND sort:due b", "a b sort:due-asc"),
    ("sort:due AND in:title AND (a OR b)", "a OR b in:title sort:due-asc"),
    ("(a OR b) AND sort:due AND in:title", "a OR b in:title sort:due-asc"),
    ("sort:due AND in:title", "in:title sort:due-asc"),
    ("12 AND sort:due", "#12 sort:due-asc"),
    ("a AND sort:due AND -b", "a -b sort:due-asc"),
    ("sort:due", "sort:due-asc"),
    ("sort:relevance", "sort:relevance-desc"),
    ("sort:updated", "sort:updated-desc"),
    ("sort:closed,comments", "sort:closed-desc,comments-desc"),
    ("  spaces\t\n every where  ", "spaces every where"),
    ("is:open assignee:@me -label:blocked (priority:>=high OR due:<=+3d)",) * 2,
    ("no:assignee severity:s1,s2 created:>-2w",) * 2,
    ("label:a,b label:c author:ana votes:>=5 sort:votes-desc,created-asc",) * 2,
    ("naïve 日本語 -中文",) * 2,
]

REFUSED = [
    # query, code, position, length, the first suggestion or None, what is valid
    ("priorty:high", "unknown_field", 0, 12, "priority:high", ""),
    ("std::vector", "unknown_field", 0, 11, '"std::vector"', ""),
    ("see gopher://a.example/x?y=1", "unknown_field", 4, 24, '"gopher://a.example/x?y=1"', "see"),
    ("https:login", "unknown_field", 0, 11, '"https:login"', ""),
    ("is:open is:opn", "unknown", 11, 3, "open", "is:open"),
    ("a priority:hihg", "unknown", 11, 4, "high", "a"),
    ("label:", "missing", 0, 6, None, ""),
    ("type:", "missing", 0, 5, "type:bug", ""),
    ("label:a,", "missing", 0, 8, None, "label:a"),
    ("label:>a", "operator", 0, 8, None, ""),
    ("priority:>=low,high", "operator", 0, 19, None, ""),
    ("priority:>low..high", "operator", 0, 19, None, ""),
    ("severity:<unset", "operator", 0, 15, "severity:unset", ""),
    ("severity:>=unset", "operator", 0, 16, "severity:unset", ""),
    ("a severity:unset..s3", "operator", 2, 18, "severity:unset", "a"),
    ("severity:s3..UNSET", "operator", 0, 18, "severity:unset", ""),
    ("comments:many", "value", 9, 4, None, ""),
    ("created:2026-13", "value", 8, 7, None, ""),
    ("created:2026-02-30", "value", 8, 10, None, ""),
    ("created:..", "value", 8, 2, None, ""),
    ("age:old", "value", 4, 3, None, ""),
    ("assignee:@ana", "value", 9, 4, "ana", ""),
    ("type:@none", "value", 5, 5, None, ""),
    ("id:12", "unknown", 3, 2, None, ""),
    ("status:a status:b", "repeated", 0, 17, "status:a,b", "status:a"),
    ("status:a AND status:b", "repeated", 0, 21, "status:a,b", "status:a"),
    ("status:a status:A,a status:b", "repeated", 0, 28, "status:a,A,b", "status:a"),
    (
        'x assignee:ana "a b" label:c AND assignee:"b c" y',
        *("repeated", 2, 45, 'assignee:ana,"b c" "a b" label:c', 'x assignee:ana "a b" label:c y'),
    ),
    ("status:a sort:due status:b", "repeated", 0, 26, "status:a,b sort:due", "status:a sort:due-asc"),
    ("assignee:@me assignee:ana", "repeated", 0, 25, "assignee:@me,ana", "assignee:@me"),
    ("assignee:@none a assignee:ana", "repeated", 0, 29, "assignee:@none,ana a", "assignee:@none a"),
    ("no:milestone milestone:v1", "repeated", 0, 25, "milestone:@none,v1", "no:milestone"),
    ("priority:none no:priority priority:high", "repeated", 0, 39, "priority:none,@none,high", "priority:none"),
    ("no:assignee assignee:none", "repeated", 0, 25, "assignee:@none,none", "no:assignee"),
    ("milestone:v1 no:Milestone", "repeated", 0, 25, "milestone:v1,@none", "milestone:v1"),
    ("(type:bug) type:task", "repeated", 11, 9, None, "type:bug"),
    ("type:bug (a OR b) type:task", "repeated", 18, 9, None, "type:bug (a OR b)"),
    ("type:bug -a type:task", "repeated", 12, 9, None, "type:bug -a"),
    ("type:bug NOT NOT type:task", "repeated", 17, 9, None, "type:bug"),
    ("was:severity=unset..s3", "value", 13, 9, None, ""),
    ("was:priority=low..high", "value", 13, 9, None, ""),
    ("was:status", "missing", 0, 10, None, ""),
    ("was:type=", "missing", 9, 0, "bug", ""),
    ('was:type=""', "missing", 9, 2, "bug", ""),
    ("was:component=", "missing", 14, 0, None, ""),
    ("was:title=x", "unknown_field", 0, 11, None, ""),
    ("changed:colour", "unknown_field", 0, 14, None, ""),
    ("changed:status:soon", "value", 15, 4, None, ""),
    ("by:", "missing", 0, 3, None, ""),
    ("in:titel", "value", 0, 8, "in:title", ""),
    ("in:title in:body", "repeated", 9, 7, None, "in:title"),
    ("sort:name", "choice", 0, 9, "sort:number", ""),
    ("sort:due,due", "choice", 0, 12, None, ""),
    ("sort:relevance-asc", "choice", 0, 18, "sort:relevance", ""),
    ("a sort:relevance,due", "choice", 2, 18, "sort:relevance", "a"),
    ("sort:due,relevance-desc", "choice", 0, 23, "sort:relevance", ""),
    ("(sort:due)", "place", 1, 8, None, ""),
    ("-in:title a", "place", 1, 8, None, "a"),
    ("f*o", "wildcard", 0, 3, '"f*o"', ""),
    ("*", "wildcard", 0, 1, '"*"', ""),
    ("title:foo*bar", "wildcard", 6, 7, '"foo*bar"', ""),
    ("body:a,**", "wildcard", 7, 2, '"**"', "body:a"),
    ("title:=>x*", "wildcard", 7, 3, '">x*"', ""),
    ("a - b", "empty", 2, 1, None, "a b"),
    ('"..."', "empty", 0, 5, None, ""),
    ('a "b c', "unclosed", 2, 4, '"b c"', "a"),
    ('label:"x', "unclosed", 0, 8, 'label:"x"', ""),
    ("(a", "parenthesis", 0, 1, None, "a"),
    ("a) b", "parenthesis", 1, 1, None, "a b"),
    ("main()", "operand", 0, 6, '"main()"', "main"),
    ("a OR", "operand", 2, 2, None, "a"),
    ("OR a", "operand", 0, 2, None, "a"),
    ("AND a", "operand", 0, 3, None, "a"),
    ("AND sort:due", "operand", 0, 3, None, "sort:due-asc"),
    ("sort:due AND", "operand", 9, 3, None, "sort:due-asc"),
    ("a AND sort:due AND", "operand", 15, 3, None, "a sort:due-asc"),
    ("a AND AND sort:due", "operand", 2, 3, None, "a sort:due-asc"),
    ("a OR AND sort:due b", "operand", 5, 3, None, "a OR b sort:due-asc"),
    ("(a AND sort:due)", "place", 7, 8, None, "a"),
    ("a AND -sort:due", "place", 7, 8, None, "a"),
    ("a NOT", "operand", 2, 3, None, "a"),
    ("((((((a))))))", "too_deep", 5, 1, None, ""),
    ("a b\x00c", "character", 3, 1, None, ""),
    ("a" * 1001, "too_long", 0, 1001, None, ""),
    ("日" * 900, "too_long", 0, 900, None, ""),
    (" ".join("a" * (TERMS + 1)), "too_many", 0, 2 * TERMS + 1, None, ""),
]


@pytest.mark.parametrize(("text", "canonical"), UNDERSTOOD)
def test_what_is_understood_is_printed_and_read_again(text, canonical):
    query = parse(text)
    assert to_text(query) == canonical
    assert parse(canonical) == query


@pytest.mark.parametrize(("text", "code", "position", "length", "suggestion", "valid"), REFUSED)
def test_a_mistake_is_named_with_its_place(text, code, position, length, suggestion, valid):
    with pytest.raises(QueryError) as refused:
        parse(text)
    problem = refused.value.problems[0]
    assert (problem.code, problem.position, problem.length) == (code, position, length)
    assert (problem.suggestions or [None])[0] == suggestion
    assert problem.message
    assert to_text(refused.value.valid) == valid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("is:opn", "There is no “is:opn”."),
        ("-priority:HIHG", "There is no “priority:hihg”."),
        ("priority:>hihg", "There is no “priority:hihg”."),
        ("was:type=bugs", "There is no “type:bugs”."),
        ("no:title", "There is no “no:title”."),
    ],
)
def test_a_word_that_is_no_value_is_told_as_it_stands_there(text, message):
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert [(problem.code, problem.message) for problem in refused.value.problems] == [("unknown", message)]


@pytest.mark.parametrize("text", [row[0] for row in REFUSED if row[1] == "repeated" and row[4]])
def test_what_is_suggested_for_a_repeated_field_mends_it(text):
    with pytest.raises(QueryError) as refused:
        parse(text)
    (problem,) = refused.value.problems
    end = problem.position + problem.length
    parse(f"{text[: problem.position]}{problem.suggestions[0]}{text[end:]}")


def test_all_mistakes_are_told_in_their_order():
    with pytest.raises(QueryError) as refused:
        parse("is:opn a priorty:high (b")
    assert [problem.code for problem in refused.value.problems] == ["unknown", "unknown_field", "parenthesis"]
    assert isinstance(refused.value.problems[0], Problem)


@pytest.mark.untraced
@pytest.mark.parametrize("text", ["x" * 1_000_000, "(" * 10_000, " ".join(["a"] * 1000), "(a OR " * 160, '"' * 999])
def test_what_is_too_much_is_refused_at_once(text):
    # The best of some, since what else the machine does meanwhile is not the work of the parser.
    assert min(seconds_to_refuse(text) for _again in range(5)) < 0.05


def seconds_to_refuse(text):
    began = time.process_time()
    with pytest.raises(QueryError):
        parse(text)
    return time.process_time() - began


@pytest.mark.parametrize("text", ['"' * 999, "a: " * 300, "is:opn " * 140])
def test_after_too_many_terms_no_more_are_read(text):
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert "too_many" in [problem.code for problem in refused.value.problems]
    assert len(refused.value.problems) == TERMS + 1


@pytest.mark.parametrize("operator", ["", "=", ">", ">=", "<", "<="])
def test_what_is_offered_can_be_read(operator):
    for name in FIELDS:
        text = f"{name}:{operator}"
        place = completing(text, len(text))
        assert place.end == len(text)
        for offer in place.offers:
            parse(text[: place.start] + offer.text)


def take(text, place, offer):
    """Return what the search box holds once an offer is taken, and where one goes on to type."""
    rest = text[place.end :]
    before = text[: place.start] + offer.text + ("" if offer.open or re.match('[^"(a-z-]', rest, re.I) else " ")
    return before + rest, len(before)


@pytest.mark.parametrize(
    ("text", "taken", "after"),
    [
        ("is:op|n", "open", "is:open "),
        ("(is:op|n) b", "open", "(is:open) b"),
        ("-assig|nee:ana", "assignee:", "-assignee:ana"),
        ("ass|ign b", "assignee:", "assignee: b"),
        ("label:b|u,c", "bug", "label:bug,c"),
        ("label:|bug", "good", "label:good "),
        ('label:|"a b" c', "bug", "label:bug c"),
        ('label:"a| b",c', "bug", "label:bug,c"),
        (r'label:"a| \"b\" c"', "bug", "label:bug "),
        ('label:"a|"', "bug", "label:bug "),
        ('label:"b| is:open "x y"', "bug", 'label:bug is:open "x y"'),
        ("created:>|=-7d", "today", "created:>today "),
        ("created:|>=-7d", "today", "created:today "),
        ("priority:l|ow..high", "none", "priority:none..high"),
        ("priority:low..h|igh b", "urgent", "priority:low..urgent b"),
        ("sort:up|dated,due", "created-asc", "sort:created-asc,due"),
        ("in:tit|el a", "title", "in:title a"),
        ("was:sta|te=new", "status=", "was:status=new"),
        ("was:status=n|eu a", "new", "was:status=new a"),
        ("changed:st|ate/by=ana", "status", "changed:status/by=ana"),
        ("changed:status/by=a|na:>-7d", "@me", "changed:status/by=@me:>-7d"),
        ("changed:status:>-7|d", "-2w", "changed:status:>-2w "),
        ("by:a|na", "@me", "by:@me "),
        ("label:|is:open", "bug", "label:bug is:open"),
        ("label:b|Is:open", "bug", "label:bug Is:open"),
        ("label:a,|reporter:ana", "bug", "label:a,bug reporter:ana"),
        ("-label:|is:open sort:updated-desc", "bug", "-label:bug is:open sort:updated-desc"),
        ("is:|-label:bug", "open", "is:open -label:bug"),
        ("is:|https://a.example/", "open", "is:open https://a.example/"),
        ("is:|12:30", "open", "is:open "),
        ("is:|nothing:bug", "open", "is:open "),
        ("is|label:bug", "is:", "is:label:bug"),
        ("as|is:open", "assignee:", "assignee:is:open"),
        ("as|-is:open", "assignee:", "assignee:-is:open"),
        ("la|https://a.example/", "label:", "label:https://a.example/"),
        ("blocked-|by:WEB-1", "blocked-by:", "blocked-by:WEB-1"),
        ("was:|label:bug", "status=", "was:status=label:bug"),
        ("changed:status/by=|label:bug", "@me", "changed:status/by=@me label:bug"),
        ("changed:st|ate:>-7d", "status", "changed:status:>-7d"),
        ("changed:|label:bug", "status", "changed:status label:bug"),
        ("changed:|due:>-7d", "label", "changed:label:>-7d"),
        ("by:|is:open", "@me", "by:@me is:open"),
        ("in:|is:open", "title", "in:title is:open"),
        ("sort:|is:open", "due-asc", "sort:due-asc is:open"),
        ('is:open|"foo"', "open", 'is:open "foo"'),
        ('label:"a"|"b"', "bug", 'label:bug "b"'),
        ('label:"a|"is:open', "bug", "label:bug is:open"),
    ],
)
def test_an_offer_replaces_the_whole_of_what_is_being_written(text, taken, after):
    before, _caret, rest = text.partition("|")
    place = completing(before + rest, len(before))
    assert take(before + rest, place, Offer(taken, open=taken.endswith((":", "="))))[0] == after


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("was:pri|", ["priority="]),
        ("was:PRIORITY=u|", ["urgent"]),
        ("was:priority=low,u|", []),
        ("was:priority=>u|", []),
        ("was:due=|", ["today", "+3d", "+1w", "+1m", "@none", "@any"]),
        ("was:assignee=@|", ["@me", "@none", "@any"]),
        ("was:parent=|", []),
        ("was:votes=|", []),
        ("changed:vo|", []),
        ("changed:status/by=@|", ["@me"]),
        ("changed:status/by=@me:y|", ["yesterday"]),
        ("changed:status:>y|", ["yesterday"]),
        ("changed:status:today,|", []),
        ("by:ana,@|", []),
        ("in:title,b|", []),
        ("priority:>=high,|", []),
        ("priority:>=|,high", []),
        ("priority:high,>|", []),
        ("priority:=high,u|", ["urgent"]),
        ("priority:low..u|", ["urgent"]),
        ("priority:>low..u|", []),
        ("severity:u|..s2", []),
        ("created:today..y|", ["yesterday"]),
        ("created:>-7d,|", []),
        ("created:2026,y|", ["yesterday"]),
        ("created:-|,today", ["-7d", "-2w", "-1m"]),
        ("age:>30d,|", []),
        ("so|", ["source:", "sort:"]),
        ("-so|", ["source:"]),
        ("(so|", ["source:"]),
        ("(a) so|", ["source:", "sort:"]),
        ("NOT so|", ["source:"]),
        ("a OR so|", ["source:"]),
        ("so| OR a", ["source:"]),
        ("so| NOT a", ["source:", "sort:"]),
        ("sort:due so|", ["source:"]),
        ("so| in:title", ["source:", "sort:"]),
        ("so| sort:due", ["source:"]),
        ("h|ttps://a.example/", []),
        ("-in:t|", []),
        ("(in:t|", []),
        ("in:title in:t|", []),
        ("sort:due,d|", []),
        ("sort:d|,due-desc", []),
        ("sort:relevance,d|", []),
        ("sort:r|,due", []),
    ],
)
def test_nothing_is_offered_that_would_be_refused_in_its_place(text, offers):
    before, _caret, rest = text.partition("|")
    assert [offer.text for offer in completing(before + rest, len(before)).offers] == offers


@pytest.mark.parametrize("text", ["https://a.example/", "a -(HTTP://a.example/Foo_(la", "https://a.example/(b)la"])
def test_within_an_address_nothing_is_offered(text):
    assert completing(text, len(text)).offers == ()


letters = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=8)
values = letters.filter(lambda text: text.strip() and any(c.isalnum() for c in text))
people = st.one_of(values.map(Plain), st.just(Special("me")))
points = st.sampled_from(["2026", "2026-06", "2026-06-15", "-2w", "+3d", "today", "yesterday", "@today-1m"])
operators = st.sampled_from(["", ">", ">=", "<", "<="])


def _terms(field):
    single = {
        Kind.WORDS: st.sampled_from(field.words or ("x",)),
        Kind.FIELDS: st.sampled_from(EMPTYABLE),
        Kind.ISSUES: st.sampled_from(["WEB-1", "APP-22"]),
        Kind.NUMBER: st.integers(0, 999_999_999).map(str),
        Kind.MOMENT: points,
        Kind.DAY: points,
        Kind.SPAN: st.sampled_from(["12h", "30d", "2w", "6m", "1y"]),
        # A star at the end is that of a beginning; within quotes it says nothing there.
        Kind.TEXT: values.map(lambda text: text.rstrip("*")) | st.sampled_from(["log*", "日本*", r"a\b*"]),
    }.get(field.kind, values.map(str.upper) if field.name == "product" else values)
    plain = single.map(Plain)
    ends = st.sampled_from(field.compared_words) if field.ordered else single
    one = [plain]
    if field.kind is Kind.PEOPLE:
        one.append(st.just(Special("me")))
    if field.reserved:
        one += [st.sampled_from(field.reserved).map(either) for either in (Plain, Special)]
    if field.empty:
        one += [st.just(Special("none")), st.just(Special("any"))]
    if field.is_compared:
        one.append(st.builds(Range, ends, st.one_of(st.none(), ends)))
    several = st.lists(st.one_of(*one), min_size=1, max_size=3).map(tuple)
    terms = st.builds(Term, st.just(field.name), st.just(""), several)
    if not field.is_compared:
        return terms
    return terms | st.builds(Term, st.just(field.name), operators, st.tuples(ends.map(Plain)))


was = st.sampled_from([name for name in KEPT if FIELDS[name].kind is Kind.ROWS and name != "product"])
texts = values.filter(lambda text: "*" not in text).map(Text) | st.sampled_from(["log", "re-", "日本"]).map(
    lambda text: Text(text, True)
)
leaves = st.one_of(
    texts,
    st.one_of(*(_terms(field) for field in FIELDS.values())),
    st.builds(Ref, st.sampled_from([None, "WEB", "A1"]), st.integers(1, 10**17)),
    st.builds(Was, was, values.map(Plain)),
    st.builds(Changed, st.sampled_from(sorted(KEPT)), st.none() | people, operators, points),
    st.builds(By, people),
)


def _several(kind):
    def flat(nodes):
        return tuple(one for node in nodes for one in (node.nodes if isinstance(node, kind) else (node,)))

    return lambda inner: st.lists(inner, min_size=2, max_size=4).map(flat).map(kind)


def _grown(inner):
    return (
        _several(And)(inner)
        | _several(Or)(inner)
        | inner.map(lambda node: node.node if isinstance(node, Not) else Not(node))
    )


def _is_possible(query):
    text = to_text(query)
    return len(text) <= 1000 and len(text.encode()) <= 2400 and (query.tree is None or depth(query.tree) <= 5)


sorts = st.just((Sort("relevance", True),)) | st.lists(
    st.sampled_from(sorted(set(SORTS) - {"relevance"})), unique=True, max_size=3
).flatmap(lambda keys: st.tuples(*(st.builds(Sort, st.just(key), st.booleans()) for key in keys)))
queries = st.builds(
    Query, st.none() | st.recursive(leaves, _grown, max_leaves=12), st.sampled_from([None, *WHERE]), sorts
).filter(_is_possible)


@given(queries)
def test_printing_and_reading_are_inverse(query):
    text = to_text(query)
    try:
        read = parse(text)
    except QueryError as error:
        # Two values of a field that holds one are the one thing that can be built and not be asked for.
        assert {problem.code for problem in error.problems} == {"repeated"}
    else:
        assert read == query
        assert to_text(read) == text


befores = st.sampled_from(["", "a ", "-", "(a ", "a (b OR -", "NOT ", "a OR ", "a AND ", "sort:due ", "(a) in:title "])
afters = st.sampled_from(["", " a", ' "a b"', " AND a", " OR a", " NOT a", " sort:due", " in:body"])
written = leaves.map(print_node) | queries.map(lambda query: to_text(Query(None, query.where or "body", query.sort)))
unknown = {Kind.TEXT: "a", Kind.ISSUES: "WEB-1", Kind.ROWS: '"a \\"b\\""', Kind.PEOPLE: "ana"}


@given(befores, written, afters, st.data())
def test_what_is_offered_in_the_midst_of_a_query_can_be_read(before, term, after, data):
    after = ")" * before.count("(") + after
    position = data.draw(st.integers(0, len(term)))
    assume(is_read(f"{before}a{after}") and is_read(f"{before}{term}{after}"))
    text, position = f"{before}{term}{after}", len(before) + position
    place = completing(text, position)
    # Another field for the same values, or before the same term, is another matter.
    is_whole = position == len(before) + len(term)
    for offer in place.offers if is_whole else [one for one in place.offers if not one.open]:
        parse(completed(*take(text, place, offer), offer))


@given(befores, written, st.sampled_from(["is:open", "-label:bug", "https://a.example/"]), st.data())
def test_an_offer_leaves_a_term_that_follows_at_once_alone(before, term, following, data):
    begun = f"{before}{term[: data.draw(st.integers(0, len(term)))]}"
    after = ")" * before.count("(")
    assume(is_read(f"{before}a{after}"))
    text = f"{begun}{following}{after}"
    place = completing(text, len(begun))
    for offer in place.offers:
        after_offer, _caret = take(text, place, offer)
        assert after_offer.endswith(f"{offer.text}{'' if offer.open else ' '}{following}{after}")


def is_read(text):
    try:
        return parse(text) is not None
    except QueryError:
        return False


def completed(text, position, offer):
    """Return the text with a value behind an `offer` that wants one: the first that is offered, or else any."""
    if not offer.open:
        return text
    place = completing(text, position)
    name = re.split("[:=]", text[: place.start])[-2].split(" ")[-1].lstrip("-(")
    offers = place.offers or [Offer(unknown[FIELDS[name].kind])]
    return completed(*take(text, place, offers[0]), offers[0])


addresses = st.text('a/()" ', max_size=40).map("https://".__add__)


@given(st.text(max_size=200) | addresses | st.text('ab:(),"\\ -OR|ANDT*.<>=@#19', max_size=80))
def test_no_text_raises_anything_but_the_error(text):
    assert 0 <= completing(text, len(text)).start <= len(text)
    try:
        query = parse(text)
    except QueryError as error:
        query = error.valid
        assert error.problems
        for problem in error.problems:
            assert 0 <= problem.position <= problem.position + problem.length <= len(text)
    assert parse(to_text(query)) == query
