"""The documents say what the program does now."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from installation.__main__ import main
from installation.control.keyboard import KEYS
from run_installation import parse

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTROLS = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")
OPERATOR = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/**/*.md"), *ROOT.glob("directions/*.md")])
MOST_WORDS = 1200  # of the first page, markup counted


def test_every_key_is_told() -> None:
    for key in KEYS:
        assert f"| {key.label} | {key.description}" in CONTROLS


def test_every_argument_is_told(capsys) -> None:
    try:
        parse(["--help"])
    except SystemExit as done:
        assert done.code == 0
    options = {word.strip("[],") for word in capsys.readouterr().out.split() if word.strip("[],").startswith("--")}
    assert len(options) > 10
    for option in options - {"--help"}:
        assert f"`{option}" in OPERATOR, option


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]:
        if "://" in link:
            continue
        path, _, name = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if name:
            assert name in anchors(target), link


def test_the_first_page_is_short() -> None:
    assert len(README.split()) < MOST_WORDS


@pytest.mark.parametrize("page", [README, OPERATOR, CONTROLS], ids=["README", "operator", "controls"])
def test_commands_of_the_documents_are_there(page: str) -> None:
    for script in re.findall(r"(?<![\w./-])((?:scripts|benchmarks|tests|installation)/[\w./-]+\w)", page):
        assert (ROOT / script).exists(), script


@pytest.mark.parametrize("line", re.findall(r"^f (\S.*)$", README, re.MULTILINE), ids=lambda line: line.split()[0])
def test_commands_of_the_first_page_take_what_is_written_there(line: str, capsys) -> None:
    name, *words = line.partition("#")[0].split()
    arch = words[words.index("--arch") :][:2] if "--arch" in words else []
    with pytest.raises(SystemExit) as done:
        main([name, *arch, "--help"])
    told = capsys.readouterr().out
    assert done.value.code == 0 and f"installation {name}" in told
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", told), option


def test_the_places_of_the_tree_are_there() -> None:
    for place in ("run_installation.py", "config.yaml", "installation/pipeline.py", "scripts", "LICENSE", "requirements.lock", ".ci/run"):
        assert (ROOT / place).exists(), place


def test_the_locks_pin_every_version() -> None:
    for lock in sorted(ROOT.glob("requirements*.lock")):
        for line in lock.read_text(encoding="utf-8").splitlines():
            wanted = line.partition("#")[0].strip()
            assert not wanted or wanted.count("==") == 1, f"{lock.name}: {line}"
            assert "://" not in line and not wanted.startswith("-"), f"{lock.name}: {line}"


def test_what_a_line_of_the_first_page_takes_another_has_made() -> None:
    lines = re.findall(r"^f (\S.*)$", README, re.MULTILINE)
    assert any(re.match(r"drawings --out drawn\b", line) for line in lines[: next(k for k, line in enumerate(lines) if "drawn/" in line)])
