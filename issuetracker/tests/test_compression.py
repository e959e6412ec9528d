"""Pages are sent compressed; answers of the API are not, whose ETags must stay strong."""

import gzip

from django.test import Client

from issues.services import create_issue


def test_a_page_is_compressed_for_who_can_read_that(product, triager):
    for number in range(30):
        create_issue(product, actor=triager, via="web", title=f"Issue {number}")
    page = Client().get("/issues/", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert b"Issue 29" in gzip.decompress(page.content)
    assert len(page.content) < len(Client().get("/issues/").content) / 4


def test_the_api_keeps_strong_etags(product, triager, api):
    create_issue(product, actor=triager, via="web", title="Issue", description="long " * 300)
    answer = api(triager).get("/api/v1/issues/WEB-1/", headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in answer
    assert not answer["ETag"].startswith("W/")
