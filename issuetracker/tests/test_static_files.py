"""What collecting the static files makes of them, and when it is done again."""

import json
import os
import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

from issuetracker import staticfiles

DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let) (\w+)", re.MULTILINE)
NAMED, CLASSES = re.compile(r'url\("([\w-]+\.css)"\)'), re.compile(r'class="([^"]*)"')


@pytest.fixture
def collected(settings, tmp_path):
    """The folder of the collected files, with hashed names as on a real site."""
    settings.STATIC_ROOT = tmp_path / "staticfiles"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {**settings.STORAGES["staticfiles"], "BACKEND": "issuetracker.staticfiles.HashedStorage"},
    }
    # The files of the packages are many, large, and not what this is about.
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    finders.get_finder.cache_clear()
    staticfiles.collect_if_changed()
    yield settings.STATIC_ROOT
    finders.get_finder.cache_clear()


def test_one_style_sheet_holds_all_layers_in_their_order(collected):
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    sheet = (collected / names["css/app.css"]).read_text()
    assert "@import" not in sheet
    places = [sheet.index(f"@layer {layer}") for layer in ("tokens", "base", "layout", "components", "pages")]
    assert places == sorted(places)
    assert (collected / f"{names['css/app.css']}.br").exists()


@pytest.mark.parametrize("name", staticfiles.STYLES)
def test_a_joined_sheet_holds_all_that_it_names_and_no_comment(collected, name):
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    sheet = (collected / names[name]).read_text()
    assert "@import" not in sheet and "/*" not in sheet and sheet.count("{") == sheet.count("}") > 50


def test_what_is_shown_within_a_list_needs_no_sheet_of_other_pages():
    styles, templates = settings.BASE_DIR / "static/css", settings.BASE_DIR / "templates"
    here = set().union(*(styled(styles / name) for name in NAMED.findall((styles / "app.css").read_text())))
    elsewhere = set().union(*(styled(styles / name) for name in NAMED.findall((styles / "pages.css").read_text())))
    # The height of a button in the bar.
    lacking = elsewhere - here - {"bar-button"}
    shown = [templates / "issues/_peek.html", templates / "issues/list.html", templates / "issues/_results.html"]
    shown += [*(templates / "issues/menus").iterdir(), *(templates / "triage/decisions").iterdir()]
    used = set(re.findall(r"[\w-]+", " ".join(CLASSES.findall(" ".join(one.read_text() for one in shown)))))
    assert len(used) > 50 and not used & lacking


def styled(sheet):
    """Return the classes that a sheet names."""
    return set(re.findall(r"\.([a-z][\w-]*)", staticfiles.STYLE_COMMENT.sub("", sheet.read_text())))


def test_scripts_import_one_another_by_their_hashed_names(collected):
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    assert all(name != hashed for name, hashed in names.items())
    assert (collected / names["js/app.js"]).exists()


def test_what_every_page_loads_is_one_script(collected):
    names = json.loads((collected / "staticfiles.json").read_text())["paths"]
    script = (collected / names["js/app.js"]).read_text()
    assert 'addEventListener("keydown"' in script
    assert not re.search(r"^import |^ *//", script, re.MULTILINE)
    declared = DECLARED.findall(script)
    assert len(declared) > 50 and sorted(declared) == sorted(set(declared))
    for name in staticfiles.SHARED:
        assert not re.search(r"^import |^let ", (collected / names[f"js/{name}"]).read_text(), re.MULTILINE), name
    own = "|".join(name.removesuffix(".js") for name in staticfiles.SCRIPTS if name not in staticfiles.SHARED)
    for name in names:
        if name.startswith("js/") and name.removeprefix("js/") not in staticfiles.SCRIPTS:
            text = (collected / names[name]).read_text()
            assert not re.search(rf'"\./({own})\.', text), name


def test_whoever_serves_them_may_read_what_another_collected(collected):
    found = list(collected.rglob("*"))
    assert {path.suffix for path in found} >= {".css", ".js", ".json", ".br"}
    assert [path for path in found if path.is_file() and path.stat().st_mode & 0o044 != 0o044] == []
    assert [path for path in found if path.is_dir() and path.stat().st_mode & 0o055 != 0o055] == []


def again(collected):
    """Collect once more, as after a change."""
    (collected / ".collected").write_text("another")
    staticfiles.collect_if_changed()


def aged(path, days):
    """Return `path`, made to be so many days old."""
    os.utime(path, (time.time() - days * 24 * 3600,) * 2)
    return path


def test_it_is_done_again_only_after_a_change(collected):
    mark = collected / "css" / "mark.css"
    mark.write_text("")
    aged(mark, 30)
    staticfiles.collect_if_changed()
    assert mark.exists()
    again(collected)
    assert not mark.exists()


def test_it_is_not_done_again_where_folders_are_read_in_another_order(collected, monkeypatch):
    # As by the file system of another host, to which the image was brought.
    (finder,) = finders.get_finders()
    found = list(finder.list([]))
    monkeypatch.setattr(type(finder), "list", lambda finder, ignored: reversed(found))
    assert staticfiles.fingerprint() == (collected / ".collected").read_text()


def test_what_is_served_meanwhile_is_not_touched(collected, monkeypatch):
    def interrupted(sheet):
        raise KeyboardInterrupt

    before = {path: path.read_bytes() for path in collected.rglob("*.*") if path.name != ".collected"}
    monkeypatch.setattr(staticfiles, "join_styles", interrupted)
    with pytest.raises(KeyboardInterrupt):
        again(collected)
    assert {path: path.read_bytes() for path in collected.rglob("*.*") if path.name != ".collected"} == before


@pytest.fixture
def folders(tmp_path):
    """The folder that is served, with a file of long ago in its manifest, and that of what is to replace it."""
    root, fresh = tmp_path / "root", tmp_path / "root" / ".fresh"
    for folder, name in ((root, "old.css"), (fresh, "new.css")):
        (folder / "css").mkdir(parents=True)
        aged(written(folder / "css" / name), 30)
        written(folder / "staticfiles.json", json.dumps({"paths": {"css/app.css": f"css/{name}"}}))
    return root, fresh


def written(path, text=""):
    """Return `path` with `text` in it."""
    path.write_text(text)
    return path


def test_killed_at_any_move_it_has_lost_nothing_that_is_asked_for(folders, monkeypatch):
    def killed(path, target):
        moved(path, target)
        names = json.loads((root / "staticfiles.json").read_text())["paths"]
        assert (root / names["css/app.css"]).exists()
        if target.name == "staticfiles.json":
            raise KeyboardInterrupt

    (root, fresh), moved = folders, Path.replace
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        staticfiles.replace(root, fresh)
    assert (root / "css" / "old.css").stat().st_mtime > time.time() - 60


def test_the_folder_of_another_that_collects_is_left_until_it_is_old(folders):
    root, fresh = folders
    for name, days in ((".now", 0), (".before", 30)):
        (root / name).mkdir()
        aged(written(root / name / "half.css"), 30)
        aged(root / name, days)
    staticfiles.replace(root, fresh)
    assert (root / ".now" / "half.css").exists() and not (root / ".before").exists()


def test_what_another_has_removed_meanwhile_is_no_error(folders, monkeypatch):
    def removed_twice(path, **options):
        removed(path)
        removed(path, **options)

    (root, fresh), removed = folders, Path.unlink
    older = aged(written(root / "css" / "older.css"), 30)
    monkeypatch.setattr(Path, "unlink", removed_twice)
    staticfiles.replace(root, fresh)
    assert not older.exists() and (root / "css" / "new.css").exists()


def test_what_pages_from_before_ask_for_stays_for_a_while(collected):
    manifest = collected / "staticfiles.json"
    told = json.loads(manifest.read_text())
    told["paths"]["css/before.css"] = "css/before.abc.css"
    manifest.write_text(json.dumps(told))
    before = [collected / "css" / f"before.abc.css{end}" for end in ("", ".br")]
    for path in before:
        path.write_text("")
        aged(path, 30)
    again(collected)
    assert all(path.exists() for path in before)
    again(collected)
    assert all(path.exists() for path in before)
    for path in before:
        aged(path, 30)
    again(collected)
    assert not any(path.exists() for path in before)


def test_a_browser_finds_the_icon_where_it_looks_for_one(client):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.url) == (302, static("icons/sprite.svg"))
