"""What `make docs` checks beside the generator, and how links are written for the site."""

from pathlib import Path

from tests.docs.pages import ROOT
from website.build import unlisted, with_links_of_the_site
from website.links import dead_links


def test_dead_links_and_what_comes_from_elsewhere_are_found(tmp_path: Path) -> None:
    """Each wrong address is named; right ones, and links to other sites, are not."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "index.html").write_text('<h1 id="top">There</h1>', "utf-8")
    wrong = ("gone/", "there/#bottom", "gone.png", "https://fonts.example.com/a.css")
    (tmp_path / "index.html").write_text(
        '<a href="there/#top">1</a><a href="https://example.com">2</a><a href="gone/">3</a>'
        '<a href="there/#bottom">4</a>'
        '<img src="gone.png"><link rel="stylesheet" href="https://fonts.example.com/a.css">',
        "utf-8",
    )
    found = dead_links(tmp_path)
    assert len(found) == len(wrong)
    for address, line in zip(wrong, found, strict=True):
        assert address in line


def test_links_out_of_the_docs_suit_the_site() -> None:
    """A page elsewhere becomes one of the site, a file a link into the repository, or its path where none is known."""
    page = ROOT / "docs" / "how-to" / "deploy.md"
    links = "[a](../reference/api.md#headers) [b](../../CONTRIBUTING.md) [rule](../../Makefile)"
    text = f"{links}\n```text\n[c](../../x)\n```\n"
    shown, found = with_links_of_the_site(text, page, "")
    assert shown.startswith("[a](../reference/api.md#headers) [b](../repository/CONTRIBUTING.md) rule (`Makefile`)\n")
    assert "[c](../../x)" in shown
    assert ROOT / "CONTRIBUTING.md" in found
    assert (
        "[rule](https://git.example.com/blob/main/Makefile)"
        in with_links_of_the_site(text, page, "https://git.example.com/blob/main/")[0]
    )


def test_a_page_without_a_place_in_the_navigation_is_named() -> None:
    """Only the page that the configuration lacks is named."""
    (line,) = unlisted([Path("how-to/a.md"), Path("how-to/b.md")], 'nav = ["how-to/a.md"]')
    assert line.startswith("how-to/b.md ")
