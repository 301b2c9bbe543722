"""What the page shows of an answer is what the service answers."""

from typing import Any

import httpx
import pytest

from tests.page.clinic import TEXT as CLINIC
from tests.page.visit import Visit
from tests.support.process import ServiceProcess

EMOJI = "👩‍🚀 Christina Koch 🚀 flew for NASA 🛰️ from Texas 🎉."


def analyze(running: ServiceProcess, text: str, **options: Any) -> Any:
    """Ask the service itself."""
    answer = httpx.post(f"{running.url}/v1/analyze", json={"text": text, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_typed_text_is_highlighted(visit: Visit, running: ServiceProcess) -> None:
    """Every entity is marked in place with its label, and is in the table; the rest of the text stays around them."""
    text = "Tim Cook flew to Paris. Angela Merkel stayed in Berlin until Monday."
    visit.analyse(text)
    entities = analyze(running, text)["entities"]
    assert len(entities) >= 4
    assert visit.highlighted() == [(entity["text"], entity["label"]) for entity in entities]
    assert visit.texts("#section-entities tbody th") == [entity["text"] for entity in entities]
    shown = visit.page.value(
        "[...document.querySelector('.reading').childNodes].map(n => n.tagName ? n.firstChild.data : n.data).join('')"
    )
    assert shown == text
    legend = visit.texts("#section-entities .legend li")
    assert any("People, including fictional" in entry for entry in legend)


def test_a_surer_entity_is_stronger(visit: Visit, running: ServiceProcess) -> None:
    """The strength of a highlight follows confidence, which the mouse shows in words."""
    visit.analyse("Roland Busch met Frankfurt of Deutsche Bank.")
    strengths = visit.page.value(
        "[...document.querySelectorAll('mark')].map(m => Number(m.style.getPropertyValue('--strength')))"
    )
    confidences = [entity["confidence"] for entity in visit.answer()["entities"]]
    assert len(set(confidences)) > 1
    assert strengths == pytest.approx([0.25 + 0.75 * confidence for confidence in confidences])
    visit.page.value("document.querySelector('mark').dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))")
    assert visit.page.value("!document.getElementById('tip').hidden")
    assert f"{round(confidences[0] * 100)} %" in visit.texts("#tip")[0]


@pytest.mark.parametrize("unit", ["utf16", "codepoint", "utf8"])
def test_emoji_are_right_in_every_unit(visit: Visit, running: ServiceProcess, unit: str) -> None:
    """Whatever unit is chosen, the same words are marked, and the offsets shown are the service's own in that unit."""
    visit.choose("offsets", unit)
    visit.analyse(EMOJI)
    entities = analyze(running, EMOJI, offset_encoding=unit)["entities"]
    assert ("NASA", "ORG") in visit.highlighted()
    assert any("🚀" in text for text, _ in visit.highlighted())
    assert visit.highlighted() == [(entity["text"], entity["label"]) for entity in entities]
    assert visit.texts("#section-entities tbody td:nth-of-type(3)") == [f"{e['start']}–{e['end']}" for e in entities]
    assert visit.answer()["offset_encoding"] == unit


def test_overlapping_spans_have_lines_of_their_own(visit: Visit) -> None:
    """A line lies below each span, as wide as the span, and no two lines share a place."""
    visit.choose("pipeline", "clinic")
    visit.analyse(CLINIC)
    boxes = visit.page.value(
        """[...document.querySelectorAll('#section-spans .line')].map(line => {
             const box = line.getBoundingClientRect(), piece = line.parentElement.getBoundingClientRect();
             return {left: box.left, right: box.right, top: box.top, piece: [piece.left, piece.right, piece.bottom],
                     label: line.querySelector('.label')?.textContent ?? ''}})"""
    )
    named = {box["label"] for box in boxes} - {""}
    assert named == {"SYMPTOM", "BODY_PART", "TEMPORAL", "DRUG", "PLACE", "NAME"}
    for box in boxes:
        assert abs(box["left"] - box["piece"][0]) < 1
        assert box["piece"][1] - box["right"] < 2
        assert box["top"] >= box["piece"][2] - 1
    places = [(round(box["left"]), round(box["top"])) for box in boxes]
    assert len(places) == len(set(places))
    tops = {box["label"]: box["top"] for box in boxes}
    assert tops["SYMPTOM"] < tops["BODY_PART"]
    assert tops["PLACE"] < tops["NAME"]


def test_sentiment_and_categories_are_bars(visit: Visit, running: ServiceProcess) -> None:
    """There is a bar for the text, for each sentence, for each entity, and for each category."""
    text = "Tim Cook loved Paris. The weather was awful."
    visit.analyse(text)
    answer = visit.answer()
    assert visit.texts("#section-sentiment .whole .verdict") == [answer["sentiment"]["label"]] == ["mixed"]
    assert visit.texts("#section-sentiment .sentences .sentence") == [one["text"] for one in answer["sentences"]]
    assert visit.count("#section-sentiment .sentences .bar") == len(answer["sentences"]) == 2
    assert visit.count("#section-entities tbody .bar") == len(answer["entities"]) == 2
    shares = visit.page.value(
        "[...document.querySelectorAll('.whole .bar > *')].map(part => part.getBoundingClientRect().width)"
    )
    scores = [answer["sentiment"]["scores"][name] for name in ("negative", "neutral", "positive")]
    assert [share / sum(shares) for share in shares] == pytest.approx(scores, abs=0.02)
    visit.choose("pipeline", "clinic")
    visit.analyse(CLINIC)
    assert visit.texts("#section-categories .name") == [one["label"] for one in visit.answer()["categories"]]


def test_tokens_are_a_table_and_arcs(visit: Visit) -> None:
    """Every token is a row, and every relation within a sentence an arc; the next sentence is a button away."""
    visit.tick("tokens", "noun_chunks")
    visit.analyse("The old man sailed a boat. Nobody saw the committee in Geneva.")
    tokens = visit.answer()["tokens"]
    assert visit.texts("#section-tokens tbody th") == [token["text"] for token in tokens]
    assert visit.texts("#section-parse .word") == [token["text"] for token in tokens[:7]]
    assert visit.count("#section-parse .arc") == 6
    assert visit.texts("#section-parse .place") == ["Sentence 1 of 2"]
    visit.page.click("#section-parse button[aria-label='Next sentence']")
    assert visit.texts("#section-parse .word") == [token["text"] for token in tokens[7:]]
    underlined = visit.page.value("[...document.querySelectorAll('#section-noun-chunks .line.first')].length")
    assert underlined == len(visit.answer()["noun_chunks"])


def test_the_slider_leaves_out_what_is_unsure(visit: Visit, running: ServiceProcess) -> None:
    """The slider is the option `min_confidence`; where a pipeline has no confidence, it says so and is off."""
    text = "Siemens will buy the Dutch start-up Lightyear, Roland Busch told Reuters on Tuesday."
    visit.analyse(text)
    everything = len(visit.highlighted())
    visit.choose("min-confidence", "0.8")
    sure = analyze(running, text, min_confidence=0.8)["entities"]
    assert 0 < len(sure) < everything
    assert visit.highlighted() == [(entity["text"], entity["label"]) for entity in sure]
    visit.choose("pipeline", "clinic")
    assert visit.page.value("document.getElementById('min-confidence').disabled")
    assert "no confidence" in visit.texts("#confidence-note")[0]


def test_the_pipeline_decides_what_may_be_asked_for(visit: Visit, running: ServiceProcess) -> None:
    """There is a box for each feature that `/v1/pipelines` lists for the pipeline, and for no other."""
    for pipeline in httpx.get(f"{running.url}/v1/pipelines").json()["pipelines"]:
        visit.choose("pipeline", pipeline["name"])
        offered = visit.page.value("[...document.querySelectorAll('#features input')].map(box => box.value)")
        assert sorted(offered) == pipeline["features"]
    assert visit.answer()["pipeline"] == "clinic-0.0.0"
    visit.choose("language", "auto")
    visit.analyse("The weather in London was awful on Monday, and nobody came.")
    assert visit.answer()["language"] == "en"
    assert "English," in visit.texts("#status")[0]


def test_what_is_not_served_is_named(visit: Visit, running: ServiceProcess) -> None:
    """The page says which languages are read, what is not done, and what of each pipeline is not served."""
    text = visit.texts("#limits")[0]
    assert "It reads English." in text
    assert "no filter for personal data" in text
    for pipeline in httpx.get(f"{running.url}/v1/pipelines").json()["pipelines"]:
        for entry in pipeline["not_served"]:
            assert entry["what"] in text
            assert entry["reason"] in text


def test_a_text_in_another_language_is_warned_of(visit: Visit) -> None:
    """The warning of the service is a sentence on the page."""
    visit.analyse("Das Wetter in Berlin war gestern leider furchtbar, und niemand wollte das Haus verlassen.")
    assert visit.texts("#sections .note") == [
        "This text seems to be in another language than English, which it was read as."
    ]


def test_a_right_to_left_text_runs_from_the_right(visit: Visit) -> None:
    """The text field and the reading begin at the right; names in Latin letters within them keep their own order."""
    visit.analyse("סאטיה נאדלה, מנכ״ל Microsoft Research, ביקר בתל אביב.")
    assert visit.page.value("getComputedStyle(document.querySelector('.reading')).direction") == "rtl"
    assert visit.page.value("getComputedStyle(document.getElementById('text')).direction") == "rtl"
    assert visit.count("mark") > 0


def test_times_and_markup_are_shown_as_they_are(visit: Visit) -> None:
    """The times come from `Server-Timing`, and what looks like markup in a text is text."""
    visit.analyse("<img src=x onerror=alert(1)> Tim Cook said <b>hello</b> in Paris.")
    assert visit.count("#sections img, #sections b") == 0
    assert ("Paris", "GPE") in visit.highlighted()
    assert "analysis" in visit.texts(".timing")[0]
    assert "queue" in visit.texts(".timing")[0]
