"""What /status/ answers."""


def test_a_tracker_that_works_says_so(client, db):
    response = client.get("/status/")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response.headers["Cache-Control"].count("no-store") == 1


def test_only_reading_is_allowed(client, db):
    assert client.post("/status/").status_code == 405
