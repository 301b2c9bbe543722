// Sentiment as bars: of the text, of its sentences, and towards its entities (which stand in their own table).

import { make } from "./dom.js";
import { growingList } from "./pages.js";

const CLASSES = ["negative", "neutral", "positive"];
const ROWS = 20;

/** Return a share as a percentage without decimals; what is not quite sure is never 100 %. */
export function percent(share) {
  const rounded = Math.round(share * 100);
  return rounded === 100 && share < 1 ? ">99 %" : `${rounded} %`;
}

/** Return a bar of the three classes' shares, named for those who do not see it. */
export function bars({ label, scores }) {
  const spoken = CLASSES.map((one) => `${one} ${percent(scores[one])}`).join(", ");
  return make(
    "span",
    { class: "sentiment" },
    make(
      "span",
      { class: "bar", role: "img", "aria-label": spoken, title: spoken },
      CLASSES.map((one) => make("span", { class: one, style: { "flex-grow": scores[one] } })),
    ),
    make("span", { class: `verdict ${label}` }, label),
  );
}

/** Return the nodes of the section: what there is of the text's sentiment and of the sentences'. */
export function showSentiment(sentiment, sentences) {
  const nodes = [];
  if (sentiment) {
    const key = CLASSES.map((one) => make("li", {}, make("span", { class: `dot ${one}` }), `${one} ${percent(sentiment.scores[one])}`));
    nodes.push(make("div", { class: "whole" }, bars(sentiment), make("ul", { class: "key" }, key)));
    if (sentiment.label === "mixed") {
      nodes.push(make("p", { class: "small" }, "Mixed: some of the text's statements are positive, and others are negative."));
    }
  }
  if (sentences?.length) {
    const list = make("ol", { class: "sentences" });
    const more = growingList(list, sentences, ROWS, "sentences", (one) =>
      make("li", {}, one.sentiment ? bars(one.sentiment) : null, make("span", { class: "sentence", dir: "auto" }, one.text)),
    );
    nodes.push(list, more);
  }
  return nodes;
}

/** Return the nodes of the section of categories: a bar each, the highest score first. */
export function showCategories(categories, pipeline) {
  if (!categories.length) return [make("p", { class: "empty" }, "No category applies.")];
  const rows = categories.map(({ label, score }) =>
    make(
      "li",
      {},
      make("span", { class: "name" }, label),
      make("span", { class: "bar single" }, make("span", { class: "share", style: { width: `${Math.max(0, Math.min(1, score)) * 100}%` } })),
      make("span", { class: "number" }, score.toFixed(3)),
    ),
  );
  const note = pipeline.categories?.exclusive ? "Exactly one of them applies." : "Any number of them may apply.";
  return [make("ul", { class: "categories" }, rows), make("p", { class: "small" }, note)];
}
