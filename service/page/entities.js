// Entities, highlighted in the text, with a legend and a table. A highlight is the fainter the less sure its entity is.

import { hueOf } from "./colors.js";
import { make } from "./dom.js";
import { growingList, growingText } from "./pages.js";
import { counted } from "./request.js";
import { bars, percent } from "./sentiment.js";
import { tell, walkByArrows } from "./tip.js";

const PART = 6000; // characters shown at a time
const ROWS = 25;
const SHORT = 20; // characters of an entity that stands on one line

/** Return the nodes of the section. `entities` have `from` and `to`, their places in the text. */
export function showEntities(text, entities, pipeline) {
  const described = new Map(pipeline.entity_labels.map(({ label, description }) => [label, description]));
  if (!entities.length) return [make("p", { class: "empty" }, "No entities were found.")];
  const reading = growingText(text, entities, PART, ({ from, to }) => highlighted(text, entities, from, to, described));
  walkByArrows(reading, "mark");
  return [legend(entities, described), reading, table(entities)];
}

function highlighted(text, entities, from, to, described) {
  const nodes = [];
  let place = from;
  for (const entity of entities) {
    if (entity.from < from || entity.from >= to) continue;
    if (entity.from > place) nodes.push(text.slice(place, entity.from));
    nodes.push(mark(text, entity, described.get(entity.label)));
    place = entity.to;
  }
  if (place < to) nodes.push(text.slice(place, to));
  return nodes;
}

function mark(text, entity, description) {
  const strength = entity.confidence === undefined ? 1 : 0.25 + 0.75 * entity.confidence;
  const element = make(
    "mark",
    { class: entity.to - entity.from <= SHORT && "short", tabindex: "-1", style: { "--hue": hueOf(entity.label), "--strength": strength } },
    text.slice(entity.from, entity.to),
    make("span", { class: "label" }, entity.label),
  );
  tell(element, [
    ["label", description ? `${entity.label}: ${description}` : entity.label],
    ["confidence", entity.confidence === undefined ? "none: not calibrated for this pipeline" : percent(entity.confidence)],
    ...(entity.sentiment ? [["sentiment", said(entity.sentiment)]] : []),
    ["offsets", `${entity.start} to ${entity.end}`],
    ...(entity.id ? [["id", entity.id]] : []),
    ...(entity.kb_id ? [["kb_id", entity.kb_id]] : []),
    ...extensionRows(entity),
  ]);
  return element;
}

function extensionRows({ extensions = {} }) {
  return Object.entries(extensions).map(([name, value]) => [name, JSON.stringify(value)]);
}

function said({ label, scores }) {
  return label in scores ? `${label}, ${percent(scores[label])}` : label;
}

function legend(entities, described) {
  const counts = new Map();
  for (const { label } of entities) counts.set(label, (counts.get(label) ?? 0) + 1);
  const items = [...counts].sort(([, one], [, other]) => other - one).map(([label, count]) =>
    make(
      "li",
      {},
      make("span", { class: "swatch", style: { "--hue": hueOf(label) } }, label),
      make("span", { class: "count" }, ` ${count} `),
      described.get(label) ?? "",
    ),
  );
  return make("ul", { class: "legend", "aria-label": "Labels" }, items);
}

function table(entities) {
  const scored = entities.some((one) => one.sentiment);
  const body = make("tbody");
  const more = growingList(body, entities, ROWS, "entities", (entity) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", dir: "auto" }, entity.text),
      make("td", {}, entity.label),
      make("td", { class: "number" }, entity.confidence === undefined ? "–" : percent(entity.confidence)),
      make("td", { class: "number" }, `${entity.start}–${entity.end}`),
      ...(scored ? [make("td", {}, bars(entity.sentiment))] : []),
    ),
  );
  const names = ["Entity", "Label", "Confidence", "Offsets", ...(scored ? ["Sentiment towards it"] : [])];
  const head = make("tr", {}, names.map((name, index) => make("th", { scope: "col", class: index === 2 || index === 3 ? "number" : "" }, name)));
  return make(
    "details",
    { open: entities.length <= 12 },
    make("summary", {}, `${counted(entities.length, "entity", "entities")} in a table`),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of entities" }, make("table", {}, make("thead", {}, head), body)),
    more,
  );
}
