"""Components, milestones, versions, labels and members over the API."""

import pytest

from products.services import create_product, set_member, update_product

WEB = "/api/v1/products/WEB/"
TOM = {"username": "tom", "display_name": "Tom"}
PARTS = {
    "components": (
        {"name": "Cart", "description": "x", "triage_owner": "tom", "default_assignee": "tom"},
        {"name": "Cart", "description": "x", "triage_owner": TOM, "default_assignee": TOM, "archived": False},
        {"name": "Cart", "description": "", "triage_owner": None, "default_assignee": None, "archived": False},
    ),
    "milestones": (
        {"name": "1.0", "due_on": "2026-12-01", "state": "closed"},
        {"name": "1.0", "due_on": "2026-12-01", "state": "closed", "archived": False},
        {"name": "1.0", "due_on": None, "state": "open", "archived": False},
    ),
    "versions": (
        {"name": "0.9"},
        {"name": "0.9", "archived": False},
        {"name": "0.9", "archived": False},
    ),
    "labels": (
        {"name": "os/linux", "description": "x", "colour": "teal"},
        {"name": "os/linux", "description": "x", "colour": "teal", "archived": False},
        {"name": "os/linux", "description": "", "colour": "gray", "archived": False},
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_create_read_replace_patch_archive(api, maintainer, triager, stranger, kind):
    body, read, default = PARTS[kind]
    client = api(maintainer)
    made = client.post(f"{WEB}{kind}/", body)
    assert made.status_code == 201
    path, pk = made["Location"], made.json()["id"]
    assert path == f"{WEB}{kind}/{pk}/"
    assert made.json() == {"id": pk, **read} == api(stranger).get(path).json()
    assert client.put(path, made.json()).json() == made.json()
    assert client.put(path, {"name": body["name"]}).json() == {"id": pk, **default}
    assert client.patch(path, {"name": "other"}).json()["name"] == "other"
    assert client.delete(path).status_code == 204
    assert client.get(path).json()["archived"] is True
    assert [row["name"] for row in client.get(f"{WEB}{kind}/").json()["results"]] == ["other"]
    assert client.patch(path, {"archived": False}).json()["archived"] is False


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize(
    ("name", "twin"), [("one", "ONE"), ("école", "ÉCOLE"), ("Ünïcode", "ünÏcode"), ("ΟΔΟΣ", "οδοσ")]
)
def test_names_are_unique_without_regard_to_case(api, maintainer, triager, kind, name, twin):
    client = api(maintainer)
    client.post(f"{WEB}{kind}/", {"name": name})
    answer = client.post(f"{WEB}{kind}/", {"name": twin})
    assert (answer.status_code, answer.json()["errors"]["name"][0]["code"]) == (400, "unique")


@pytest.mark.parametrize(
    ("kind", "body", "field", "code"),
    [
        ("components", {}, "name", "required"),
        ("components", {"name": ""}, "name", "blank"),
        ("components", {"name": "x" * 101}, "name", "max_length"),
        ("components", {"name": "x", "triage_owner": "nobody"}, "triage_owner", "unknown"),
        ("milestones", {"name": "x", "due_on": "soon"}, "due_on", "invalid"),
        ("milestones", {"name": "x", "state": "late"}, "state", "invalid_choice"),
        ("labels", {"name": "x", "colour": "#f00"}, "colour", "invalid_choice"),
        ("labels", {"name": "x", "archived": True}, "archived", "read_only"),
        ("labels", {"name": "x\ny"}, "name", "characters"),
        ("versions", {"name": "x", "product": "WEB"}, "product", "unknown"),
    ],
)
def test_refused_bodies(api, maintainer, kind, body, field, code):
    answer = api(maintainer).post(f"{WEB}{kind}/", body)
    assert answer.status_code == 400
    assert [(name, errors[0]["code"]) for name, errors in answer.json()["errors"].items()] == [(field, code)]


@pytest.mark.parametrize("kind", [*PARTS, "members"])
@pytest.mark.parametrize(("who", "status"), [("triager", 403), ("stranger", 403), (None, 401)])
def test_who_may_not_change_them(request, api, maintainer, triager, kind, who, status):
    user = request.getfixturevalue(who) if who else None
    if kind == "members":
        path = f"{WEB}members/tom/"
    else:
        path = api(maintainer).post(f"{WEB}{kind}/", {"name": "one"})["Location"]
    client = api(user)
    assert client.get(path).status_code == (401 if who is None and kind == "members" else 200)
    for method in ("put", "patch", "delete"):
        assert getattr(client, method)(path, {}).status_code == status
    assert client.post(f"{WEB}{kind}/", {}).status_code == status


def test_a_part_is_found_below_its_own_product_alone(api, maintainer, administrator):
    create_product(actor=administrator, via="web", key="APP", title="App")
    path = api(maintainer).post(f"{WEB}labels/", {"name": "one"})["Location"]
    for method in ("get", "patch", "delete"):
        assert getattr(api(administrator), method)(path.replace("WEB", "APP"), {}).status_code == 404


def test_members(api, product, maintainer, stranger):
    client = api(maintainer)
    made = client.post(f"{WEB}members/", {"user": "sam", "role": "viewer"})
    assert (made.status_code, made["Location"]) == (201, f"{WEB}members/sam/")
    assert made.json() == {"user": "sam", "role": "viewer"}
    assert client.post(f"{WEB}members/", {"user": "sam"}).status_code == 409
    path = made["Location"]
    assert client.patch(path, {"role": "triager"}).json()["role"] == "triager"
    assert client.put(path, {"user": "sam"}).json()["role"] == "reporter"
    assert client.patch(path, {"user": "mia"}).json()["errors"]["user"][0]["code"] == "read_only"
    assert client.patch(path, {"role": "king"}).json()["errors"]["role"][0]["code"] == "invalid_choice"
    assert [row["user"] for row in client.get(f"{WEB}members/").json()["results"]] == ["ada", "mia", "sam"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_members_are_told_to_who_is_signed_in(api, product, maintainer, stranger):
    paths = (f"{WEB}members/", f"{WEB}members/mia/", f"{WEB}members/nobody/")
    assert [api(stranger).get(path).status_code for path in paths] == [200, 200, 404]
    assert [api().get(path).status_code for path in paths] == [401, 401, 401]
    assert api().delete(paths[1]).status_code == api().delete(paths[2]).status_code == 401
    told = {who: client.get(f"{WEB}events/?count=1").json() for who, client in (("sam", api(stranger)), ("", api()))}
    assert [row["kind"] for row in told["sam"]["results"]] == ["created", "member-changed", "member-changed"]
    assert ([row["kind"] for row in told[""]["results"]], told[""]["count"]) == (["created"], 1)
    alone = told["sam"]["results"][-1]["batch"]
    assert [client.get(f"/api/v1/batches/{alone}/").status_code for client in (api(stranger), api())] == [200, 404]
    update_product(product, actor=maintainer, via="web", visibility="internal")
    assert [api().get(path).status_code for path in paths] == [404, 404, 404]


@pytest.mark.parametrize(
    ("method", "path", "meanwhile", "status", "role"),
    [
        ("patch", "members/tom/", None, 404, None),
        ("put", "members/tom/", None, 404, None),
        ("post", "members/", "viewer", 409, "viewer"),
    ],
)
def test_what_another_does_to_a_member_at_the_same_time_is_not_undone(
    api, product, maintainer, triager, stranger, monkeypatch, method, path, meanwhile, status, role
):
    who = stranger if method == "post" else triager
    doing = {"actor": maintainer, "via": "web"}

    def overtaken(*args, **options):
        set_member(product, who, meanwhile, **doing)
        return set_member(*args, **options)

    monkeypatch.setattr("products.services.set_member", overtaken)
    answer = getattr(api(maintainer), method)(f"{WEB}{path}", {"user": who.username, "role": "maintainer"})
    assert answer.status_code == status
    assert product.members.filter(user=who).values_list("role", flat=True).first() == role


def test_the_last_maintainer_stays(api, product, administrator):
    answer = api(administrator).delete(f"{WEB}members/ada/")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_maintainer")


def test_labels_of_the_site(api, product, administrator, maintainer):
    made = api(administrator).post("/api/v1/labels/", {"name": "regression"})
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/labels/{made.json()['id']}/")
    assert [row["name"] for row in api().get("/api/v1/labels/").json()["results"]] == ["regression"]
    assert api(maintainer).patch(made["Location"], {"name": "x"}).status_code == 403
    assert api().patch(made["Location"], {"name": "x"}).status_code == 401
    assert api(administrator).delete(made["Location"]).status_code == 204
    assert api(maintainer).get(f"{WEB}labels/").json()["results"] == []


def test_events_of_a_product(api, product, maintainer, administrator):
    client = api(maintainer)
    client.patch(WEB, {"title": "New", "archived": True})
    client.post("/api/v1/products/WEB/issues/", {"title": "one"})
    rows = client.get(f"{WEB}events/").json()["results"]
    assert [row["kind"] for row in rows] == ["created", "member-changed", "member-changed", "changed"]
    assert rows[-1]["changes"] == {"title": ["Web shop", "New"], "archived": [False, True]}
    assert rows[-1]["actor"] == {"username": "mia", "display_name": "Mia"}
    assert (rows[-1]["via"], rows[-1]["issue"]) == ("api", None)
