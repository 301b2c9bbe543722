// Spans that may overlap, drawn as lines below the text: each on the highest line that is free where it lies.

import { hueOf } from "./colors.js";
import { make } from "./dom.js";
import { growingText } from "./pages.js";
import { tell } from "./tip.js";

const PART = 3000; // characters shown at a time
const LABEL = 0.85; // a label's character is that wide, measured in characters of the text
const WORDS = /\s+|[^\s]+/gu;

/** Return the nodes of the section: for each group its name and its text. */
export function showSpans(text, spans) {
  if (!spans.length) return [make("p", { class: "empty" }, "No spans were found.")];
  const groups = Map.groupBy ? Map.groupBy(spans, ({ key }) => key) : grouped(spans);
  return [...groups].flatMap(([key, members]) => [make("h3", {}, `Group “${key}”`), lined(text, members)]);
}

/** Return the nodes of the section of noun chunks: lines without labels. */
export function showNounChunks(text, chunks) {
  if (!chunks.length) return [make("p", { class: "empty" }, "No noun chunks were found.")];
  return [lined(text, chunks.map((chunk) => ({ ...chunk, label: "" })))];
}

function grouped(spans) {
  const groups = new Map();
  for (const span of spans) groups.set(span.key, [...(groups.get(span.key) ?? []), span]);
  return groups;
}

function lined(text, spans) {
  const placed = lanesOf(spans);
  const lanes = Math.max(...placed.map(({ lane }) => lane)) + 1;
  const shown = growingText(text, spans, PART, ({ from, to }) => pieces(text, placed, from, to));
  shown.classList.add("lined");
  shown.style.setProperty("--lanes", lanes);
  if (placed.some(({ label }) => label)) shown.classList.add("labelled");
  return shown;
}

/** Give each span the first lane whose last span, and its label, has ended. Spans are taken by their beginning, the longest first. */
function lanesOf(spans) {
  const ends = [];
  return [...spans]
    .sort((one, other) => one.from - other.from || other.to - one.to)
    .map((span) => {
      let lane = ends.findIndex((end) => end <= span.from);
      if (lane < 0) lane = ends.length;
      ends[lane] = Math.max(span.to, span.from + Math.ceil(span.label.length * LABEL));
      return { ...span, lane };
    });
}

/** Cut a part of the text at the ends of words and spans, and draw the lines of each piece below it. */
function pieces(text, spans, from, to) {
  const inside = spans.filter((span) => span.from < to && span.to > from);
  const cuts = new Set([from, to]);
  for (const span of inside) cuts.add(Math.max(from, span.from)).add(Math.min(to, span.to));
  for (const word of text.slice(from, to).matchAll(WORDS)) cuts.add(from + word.index);
  const sorted = [...cuts].sort((one, other) => one - other);
  const active = new Set();
  let next = 0;
  return sorted.slice(0, -1).map((begin, index) => {
    const end = sorted[index + 1];
    for (const span of active) if (span.to <= begin) active.delete(span);
    while (next < inside.length && inside[next].from <= begin) active.add(inside[next++]);
    if (!active.size) return text.slice(begin, end);
    const lines = [...active].map((span) => line(span, begin, end));
    return make("span", { class: "piece" }, text.slice(begin, end), lines);
  });
}

function line(span, begin, end) {
  const first = span.from === begin;
  const element = make(
    "span",
    {
      class: `line${first ? " first" : ""}${span.to === end ? " last" : ""}`,
      style: { "--lane": span.lane, "--hue": span.label ? hueOf(span.label) : 200 },
    },
    first && span.label ? make("span", { class: "label" }, span.label) : null,
  );
  tell(element, [
    ["span", span.text],
    ...(span.label ? [["label", span.label]] : []),
    ...(span.score === undefined ? [] : [["score", span.score.toFixed(3)]]),
    ["offsets", `${span.start} to ${span.end}`],
    ...(span.id ? [["id", span.id]] : []),
  ]);
  return element;
}
