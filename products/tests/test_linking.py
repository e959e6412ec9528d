"""Keys of issues in texts: links where that tells no reader of a product which they might not see."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from products.linking import NAMED, known_keys, render_in
from products.markdown import _rendered, render
from products.models import Product
from products.services import create_product, trash_product, update_product
from products.tests.test_markdown import TEXTS, calls_of


def link(key):
    return f'<a href="/issues/{key}/" rel="nofollow noopener noreferrer">{key}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("See WEB-7", f"See {link('WEB-7')}"),
        ("WEB-7", link("WEB-7")),
        ("WEB-7 and WEB-142.", f"{link('WEB-7')} and {link('WEB-142')}."),
        ("Twice (WEB-7, WEB-7), as in “WEB-7”", f"Twice ({link('WEB-7')}, {link('WEB-7')}), as in “{link('WEB-7')}”"),
        ("WEB-7’s end: WEB-7? WEB-7!", f"{link('WEB-7')}’s end: {link('WEB-7')}? {link('WEB-7')}!"),
        ("WEB-7–WEB-9", f"{link('WEB-7')}–{link('WEB-9')}"),
        ("**WEB-7** _WEB-8_", f"<strong>{link('WEB-7')}</strong> <em>{link('WEB-8')}</em>"),
        ("one\nWEB-7", f"one<br>\n{link('WEB-7')}"),
    ],
)
def test_a_key_is_a_link(product, text, html):
    assert render_in(product, text) == f"<p>{html}</p>\n"


@pytest.mark.parametrize("text", ["# WEB-7", "- WEB-7", "- [x] WEB-7", "> WEB-7", "| a |\n|---|\n| WEB-7 |"])
def test_a_key_is_a_link_wherever_there_is_text(product, text):
    assert render_in(product, text).count(link("WEB-7")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`WEB-7`",
        "```\nWEB-7\n```",
        "    WEB-7",
        "[WEB-7](https://example.org/)",
        "[see **WEB-7** there](https://example.org/)",
        "[see](https://example.org/WEB-7)",
        "![WEB-7](https://example.org/x.png)",
        "https://example.org/WEB-7 https://example.org/?key=WEB-7",
        "www.example.org/WEB-7",
        "WEB-7.example.org WEB-7@example.org",
        "docs/WEB-7/ docs/WEB-7.txt x#WEB-7 x?key=WEB-7",
        "web-7 Web-7",
        "XWEB-7 ÜWEB-7 9WEB-7 X-WEB-7 x_WEB-7 \\_WEB-7",
        "WEB-7x WEB-7ü WEB-7-fix WEB-7_x WEB-7.5",
        "WEB-0 WEB-07 WEB-7000000000000000000 WEB- WEB7 WEB 7",
        "UTF-8, SHA-256, ISO-8601, CVE-2024-1234, API-7",
    ],
)
def test_what_is_no_key_of_an_issue_stays_as_it_is(product, text):
    assert render_in(product, text) == render(text)


@pytest.fixture
def products(product, administrator):
    """A function that returns the product of a key; of each but the public WEB the key tells who sees it."""
    for key in ("PUBLIC", "INTERNAL", "PRIVATE", "TRASHED"):
        visibility = "public" if key == "TRASHED" else key.lower()
        made = create_product(actor=administrator, via="web", key=f"{key}0", title=key, visibility=visibility)
        update_product(made, actor=administrator, via="web", key=key)
        if key == "TRASHED":
            trash_product(made, actor=administrator, via="web")
    return lambda key: Product.objects.get(key=key)


@pytest.mark.parametrize(
    ("home", "linked"),
    [
        ("WEB", {"WEB", "PUBLIC"}),
        ("INTERNAL", {"WEB", "PUBLIC", "INTERNAL"}),
        # It may move to where others read it.
        ("PRIVATE", {"WEB", "PUBLIC", "PRIVATE"}),
    ],
)
def test_a_text_links_to_what_all_its_readers_see(products, home, linked, django_assert_num_queries):
    home, known = products(home), known_keys()
    for key in ("WEB", "PUBLIC", "INTERNAL", "PRIVATE", "TRASHED"):
        # What it was called once leads there as well.
        for name in (key, f"{key}0") if key != "WEB" else (key,):
            html = f"<p>{link(f'{name}-1') if key in linked else f'{name}-1'}</p>\n"
            with django_assert_num_queries(0 if name == home.key else 1):
                assert render_in(home, f"{name}-1") == html
            with django_assert_num_queries(0):
                assert render_in(home, f"{name}-1", known) == html


def test_all_keys_of_a_text_are_looked_up_at_once(products, django_assert_num_queries):
    web = products("WEB")
    with django_assert_num_queries(1):
        assert render_in(web, "UTF-8 WEB-1 PUBLIC-2 INTERNAL-3 PUBLIC0-4").count("<a ") == 3
    with django_assert_num_queries(0):
        render_in(web, "Cart-page, T-shirt 7, web-7 and WEB-7")


def test_as_many_keys_as_a_text_can_name_are_looked_up(product):
    text = "".join(f"K{number:04}-1 " for number in range(8000))
    assert render_in(product, f"{text}WEB-1") == f"<p>{text}{link('WEB-1')}</p>\n"


def test_the_description_of_a_product_has_links(product, administrator, maintainer):
    text = "Follows WEB-1 and SHOP-1, in UTF-8."
    shop = create_product(actor=administrator, via="web", key="SHOP", title="Shop", description=text)
    html = f"<p>Follows {link('WEB-1')} and {link('SHOP-1')}, in UTF-8.</p>\n"
    assert shop.description_html == html
    assert update_product(product, actor=maintainer, via="web", description=text).description_html == html
    update_product(shop, actor=administrator, via="web", visibility="private")
    assert link("SHOP-1") not in update_product(product, actor=maintainer, via="web", title="New").description_html


@given(TEXTS | st.text())
@example("# UTF 8\n- web-7 `A-1` [x](y)")
def test_a_text_without_keys_is_as_without_links(text):
    assume(not NAMED.search(text))
    assert _rendered(text, {"WEB"}) == _rendered(text)


@pytest.mark.untraced
def test_work_grows_no_faster_than_the_keys():
    text = "[x](y) WEB-7 " * 5000
    half, whole = (calls_of(render, text[: len(text) // part], {"WEB"}) for part in (8, 4))
    assert whole < 2.5 * half
