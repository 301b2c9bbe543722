// What the service does not do: in general, and of the pipelines that are loaded here.

import { make } from "./dom.js";
import { counted, languageName, number } from "./request.js";

/** Return the nodes of the section. */
export function showLimits({ pipelines, limits }) {
  const languages = [...new Set(pipelines.map(({ language }) => languageName(language)))];
  const first = pipelines.find((one) => one.default) ?? pipelines[0];
  const fallback = languageName(first.language);
  const without = (feature) => pipelines.filter(({ features }) => !features.includes(feature));
  const points = [
    [`It reads ${listed(languages)}.`, `${fallback} by default: a text in another language is read as ${fallback} all the same, with a warning where that is plain.`],
    ["It does not know; it estimates.", "Entities and sentiment are what a model learned from texts, and are wrong at times. Confidence says how often."],
    ["It is no filter for personal data.", "It misses names, and it has no labels for addresses, numbers of accounts and the like."],
    ["It keeps nothing.", "No text is stored or logged, and nothing is learned from what you send."],
    ["It does not translate, summarise or rewrite.", `A text has up to ${number(limits.max_text_characters)} characters here.`],
  ];
  if (without("sentiment").length) {
    points.push(["Sentiment is not there for every pipeline.", `None from ${listed(without("sentiment").map(({ name }) => name))}.`]);
  }
  const uncalibrated = pipelines.filter((one) => !one.calibrated && one.features.includes("entities"));
  if (uncalibrated.length) {
    points.push(["Confidence is not there for every pipeline.", `None from ${listed(uncalibrated.map(({ name }) => name))}: nothing was calibrated for them.`]);
  }
  return [
    make("dl", { class: "points" }, points.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text)))),
    ...pipelines.map(pipelineDetails),
  ];
}

function pipelineDetails({ name, version, components, not_served: notServed }) {
  const slow = components.filter(({ engine }) => engine === "spacy");
  const rows = [
    ...notServed.map(({ what, reason }) => make("li", {}, make("strong", {}, what), `: ${reason}`)),
    ...slow.map((one) => make("li", {}, make("strong", {}, one.name), ` runs on spaCy’s own engine, more slowly${one.reason ? `: ${one.reason}` : ""}`)),
  ];
  if (!rows.length) return make("p", { class: "small" }, `All that ${name} ${version} computes is served, by compiled kernels.`);
  return make("details", {}, make("summary", {}, `${name} ${version}: ${counted(rows.length, "remark")}`), make("ul", {}, rows));
}

function listed(names) {
  return new Intl.ListFormat("en").format(names);
}
