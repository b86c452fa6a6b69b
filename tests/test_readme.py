"""Every transcript in the README and in docs/ is run and must print what it shows."""
import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TRANSCRIPT = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"^<!-- needs (\w+) -->$", re.MULTILINE)
#: Code, in which brackets are no links.
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def transcripts(document):
    """The document with everything but its transcripts blanked, so that line numbers stay."""
    text, kept, position = document.read_text(), [], 0
    for match in TRANSCRIPT.finditer(text):
        kept += ["\n" * text.count("\n", position, match.start(1)), match.group(1)]
        position = match.end(1)
    return "".join(kept)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_transcripts(document, tmp_path, monkeypatch):
    for package in NEEDS.findall(document.read_text()):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestParser().get_doctest(transcripts(document), {}, document.name, str(document), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report = []
    failures = runner.run(examples, out=report.append).failed
    assert not failures, "".join(report)


def test_readme_has_a_transcript():
    assert ">>> import dpcompile as dp" in transcripts(ROOT / "README.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    text = CODE.sub("", document.read_text())
    missing = [target for target in LINK.findall(text) if not (document.parent / target).exists()]
    assert not missing


def test_environment_variables_are_documented():
    sources = [path.read_text() for wing in ("dpcompile", "passes", "runtime") for path in (ROOT / wing).rglob("*.py")]
    used = {name for source in sources for name in re.findall(r"environ.*\b(DPCOMPILE_[A-Z_]+)", source)}
    assert used == set(re.findall(r"`(DPCOMPILE_[A-Z_]+)`", (ROOT / "docs" / "environment.md").read_text()))


@pytest.fixture
def generate():
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_errors_page_is_current(generate):
    assert (ROOT / "docs" / "errors.md").read_text() == generate.errors_page(), "run: python docs/generate.py"


def test_table_of_special_functions_is_current(generate):
    page = (ROOT / "docs" / "special_functions.md").read_text()
    assert page == generate.special_page(page), "run: python docs/generate.py"


def test_listings_can_be_renewed(generate):
    page = (ROOT / "docs" / "how_it_works.md").read_text()
    shown = {match[2] for match in generate.LISTING.finditer(page)}
    assert shown == set(generate.listings())
