"""A still of the gallery in the studio: for whoever has the panel's token, only what the gallery shows, and only for as long."""

import json
from datetime import UTC

import cv2
import numpy as np
import pytest

from installation.config import ControlConfig, OscConfig, WebConfig
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.takeaways.kept import new_secret
from installation.takeaways.maker import write_still
from installation.takeaways.office import Office
from installation.takeaways.shelf import Limits, Shelf
from tests.control.web.conftest import SEEN
from tests.control.web.small_show import chromium, complaints, needs_chromium, screen, wait
from tests.studio.conftest import two
from tests.studio.test_studio_server import TOKEN, fetch, refused


class Hall:
    """A server with a gallery and a studio."""

    def __init__(self, folder, workshop, atelier, studio=True, **web):
        self.folder = folder
        self.shelf = Shelf(folder, Limits(3600.0, 7200.0, 40, 1 << 30), pytest.fail)
        self.office = Office(self.shelf, None, True, UTC)
        config = ControlConfig(osc=OscConfig(port=0, out_port=0), web=WebConfig(**{"port": 0, **web}))
        state = ControlState(workshop[1].table())
        given = atelier if studio else None
        self.panel = WebPanel(state, config, lambda: SEEN, Preview(), osc_port=lambda: None, takeaways=self.office, studio=given)
        self.panel.start()
        self.root = f"http://127.0.0.1:{self.panel.port}"

    def take(self, gallery="shown"):
        """A visitor's still, and what the gallery does with it."""
        secret = new_secret()
        picture = cv2.resize(two(), (900, 510))
        kept = self.shelf.add(secret, lambda place: write_still(np.ascontiguousarray(picture), place))
        self.shelf.finish(kept.id)
        if gallery:
            self.shelf.gallery(kept.id, gallery)
        return secret, kept.id

    def files(self):
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in sorted(self.folder.rglob("*")) if path.is_file()}

    def close(self):
        self.panel.stop()
        self.shelf.close()


@pytest.fixture
def hall(tmp_path, workshop, atelier):
    made = Hall(tmp_path / "shelf", workshop, atelier)
    yield made
    made.close()


def test_what_the_gallery_shows_is_opened_and_stored_nowhere(hall, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, id = hall.take()
    before = hall.files()
    status, _, body = fetch(f"{hall.root}/studio/pictures?takeaway={id}", b"")
    told = json.loads(body)
    assert status == 200 and len(told["people"]) == 2 and told["lent"] and id not in told["name"]
    one = f"{hall.root}/studio/pictures/{told['id']}"
    assert fetch(f"{one}/drawn", json.dumps({"faces": {"1": {"edit/age/amount": 2.0}}}).encode())[2][:2] == b"\xff\xd8"
    for path in ("file.png", "file.npz?face=1"):
        assert "not saved" in refused(403, f"{one}/{path}", b"{}")
    assert hall.files() == before and [one.name for one in tmp_path.iterdir()] == ["shelf"]
    fetch(f"{one}/forget", b"")


@pytest.mark.parametrize("gallery", ["", "offered", "refused"])
def test_what_it_does_not_show_is_not_opened(hall, gallery):
    secret, id = hall.take(gallery)
    for word in (id, secret, "x", "..%2f.."):
        assert "does not show" in refused(404, f"{hall.root}/studio/pictures?takeaway={word}", b"")


@pytest.mark.parametrize("end", ["withdraw", "remove", "refuse"])
def test_it_is_gone_as_soon_as_its_visitor_takes_it_back(hall, atelier, end):
    _, id = hall.take()
    told = json.loads(fetch(f"{hall.root}/studio/pictures?takeaway={id}", b"")[2])
    one = f"{hall.root}/studio/pictures/{told['id']}"
    assert fetch(one)[0] == 200
    acts = {
        "withdraw": lambda: hall.office.withdraw(hall.shelf.of(id)),
        "remove": lambda: hall.shelf.remove(id),
        "refuse": lambda: hall.office.decide(id, False),
    }
    acts[end]()
    assert "took it back" in refused(410, f"{one}/drawn", b"{}")
    assert not atelier._visits.kept(told["id"])


def test_a_visitors_link_opens_no_studio(tmp_path, workshop, atelier):
    hall = Hall(tmp_path / "shelf", workshop, atelier, hosts=("mirror.example",), token=TOKEN)
    try:
        secret, id = hall.take()
        page = fetch(f"{hall.root}/take/{secret}")[2]
        assert fetch(f"{hall.root}/take/{secret}")[0] == 200 and b"studio" not in page and b"studio" not in fetch(f"{hall.root}/gallery")[2]
        assert fetch(f"{hall.root}/studio?takeaway={id}")[0] == fetch(f"{hall.root}/studio/pictures?takeaway={id}", b"")[0] == 401
        assert fetch(f"{hall.root}/studio/pictures?takeaway={id}", b"", Authorization=f"Bearer {secret}")[0] == 401
        status, _, body = fetch(f"{hall.root}/studio/pictures?takeaway={id}", b"", Authorization=f"Bearer {TOKEN}")
        assert status == 200
        atelier.forget(json.loads(body)["id"])
    finally:
        hall.close()


@needs_chromium
@pytest.mark.slow
def test_the_operator_opens_it_out_of_the_panel(hall, tmp_path, atelier, workshop):
    _, id = hall.take()
    hall.take("offered")
    with chromium(tmp_path / "profile") as browser:
        screen(browser, 390, 844, touch=True)
        browser.get(hall.panel.panel_url)
        wait(browser, "return document.querySelectorAll('.offers li').length === 2", seconds=60)
        links = browser.execute_script("return [...document.querySelectorAll('.offers a')].map((one) => one.getAttribute('href'))")
        assert links == [f"/studio?takeaway={id}"]  # what was only offered has none
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        browser.execute_script("document.querySelector('.offers a').click()")
        wait(browser, "return document.body.matches('.studio.ready.lent') && !document.body.matches('.busy, .empty')", seconds=240)
        assert browser.execute_script("return location.href").endswith("/studio")
        assert browser.execute_script("return getComputedStyle(document.getElementById('save')).visibility") == "hidden"
        wait(browser, "return Number(document.getElementById('after').dataset.pictures || 0) > 0", seconds=120)
        assert "not to save" in browser.execute_script("return document.getElementById('told').textContent")
        assert complaints(browser) == []
        hall.shelf.remove(id)
        browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
        wait(browser, "return document.body.classList.contains('forgotten')", seconds=60)
        assert "took it back" in browser.execute_script("return document.getElementById('told').textContent")
        browser.get_log("browser")  # 410 is told there, too
    bare = Hall(tmp_path / "bare", workshop, atelier, studio=False)
    try:
        _, id = bare.take()
        with chromium(tmp_path / "profile") as browser:
            browser.get(bare.panel.panel_url)
            wait(browser, "return document.querySelectorAll('.offers li').length === 1", seconds=60)
            assert browser.execute_script("return document.querySelectorAll('.offers a').length") == 0
    finally:
        bare.close()
