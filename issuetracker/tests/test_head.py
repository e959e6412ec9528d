"""HEAD is answered with the headers of GET, and with nothing for the server to drop."""

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from issues.services import create_issue


@pytest.mark.parametrize("path", ["/livez", "/openapi.json", "/none/", "/api/v1/issues/", "/issues/WEB-1/"])
def test_the_body_is_left_out_and_its_length_told(product, reporter, path):
    create_issue(product, actor=reporter, via="web", title="Cart empties")
    told = {}

    def start(status, headers):
        told.update(headers)

    body = b"".join(get_wsgi_application()(RequestFactory().head(path).environ, start))
    assert (body, int(told["Content-Length"]) > 10) == (b"", True)


def test_of_a_file_that_is_written_as_it_is_sent_no_length_is_told(client, product):
    for path in ("/issues/export.csv", "/api/v1/products/WEB/issues/export/?format=csv"):
        answer = client.head(path)
        assert (answer.status_code, answer.get("Content-Length")) == (200, None)
        assert "attachment" in answer["Content-Disposition"]
