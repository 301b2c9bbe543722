// An answer, section by section. The browser gets a moment between two sections, so that a long answer freezes nothing.

import { copyButton } from "./clipboard.js";
import { byId, make, pause } from "./dom.js";
import { showEntities } from "./entities.js";
import { positionsIn } from "./offsets.js";
import { showParse } from "./parse.js";
import { counted, languageName, number } from "./request.js";
import { showCategories, showSentiment } from "./sentiment.js";
import { showSnippets } from "./snippets.js";
import { showNounChunks, showSpans } from "./spans.js";
import { showTokens } from "./tokens.js";

const LONGEST_JSON = 20_000; // characters that are shown; all of them are copied
const WARNINGS = {
  language_mismatch: (pipeline) =>
    `This text seems to be in another language than ${languageName(pipeline.language)}, which it was read as.`,
};

/** Show an answer to `request`. `isCurrent()` turns false when another answer shall be shown instead. */
export async function showAnswer(request, { answer, size, waited, timing }, pipeline, isCurrent) {
  const { text } = request;
  const place = positionsIn(text, answer.offset_encoding);
  const located = (items) => items.map((item) => ({ ...item, from: place(item.start), to: place(item.end) }));
  const sections = [
    answer.entities && ["Entities", () => showEntities(text, located(answer.entities), pipeline)],
    (answer.sentiment || answer.sentences) && [
      answer.sentiment || answer.sentences.some((one) => one.sentiment) ? "Sentiment" : "Sentences",
      () => showSentiment(answer.sentiment, answer.sentences),
    ],
    answer.categories && ["Categories", () => showCategories(answer.categories, pipeline)],
    answer.spans && ["Spans", () => showSpans(text, located(answer.spans))],
    answer.noun_chunks && ["Noun chunks", () => showNounChunks(text, located(answer.noun_chunks))],
    answer.tokens?.some(({ dep }) => dep) && ["Parse", () => showParse(answer.tokens)],
    answer.tokens && ["Tokens", () => showTokens(answer.tokens)],
    answer.extensions && ["Extensions", () => showExtensions(answer.extensions)],
    ["Request", () => showSnippets(request)],
    ["Answer", () => showJson(answer, size)],
  ].filter(Boolean);
  const nodes = [];
  for (const [name, show] of sections) {
    await pause();
    if (!isCurrent()) return;
    const content = show();
    if (content.length) nodes.push(section(name, content));
  }
  const warnings = (answer.warnings ?? []).map((code) => make("p", { class: "note" }, WARNINGS[code]?.(pipeline) ?? code));
  byId("sections").replaceChildren(...warnings);
  for (const node of nodes) {
    await pause();
    if (!isCurrent()) return;
    byId("sections").append(node);
  }
  byId("status").replaceChildren(summary(answer), " ", timings(timing, waited));
}

function section(name, content) {
  const id = `section-${name.toLowerCase().replaceAll(" ", "-")}`;
  return make("section", { class: "card", id, "aria-labelledby": `${id}-name` }, make("h2", { id: `${id}-name` }, name), content);
}

function summary(answer) {
  const parts = [
    answer.entities && counted(answer.entities.length, "entity", "entities"),
    answer.sentences && counted(answer.sentences.length, "sentence"),
    answer.tokens && counted(answer.tokens.length, "token"),
    answer.spans && counted(answer.spans.length, "span"),
    answer.sentiment?.label,
    answer.language_confidence !== undefined &&
      (answer.language === "und" ? "language unknown" : `${languageName(answer.language)}, ${Math.round(answer.language_confidence * 100)} % sure`),
  ].filter(Boolean);
  return make("strong", {}, parts.join(" · ") || "Done");
}

function timings({ queue = 0, nlp = 0, encode = 0 }, waited) {
  const total = queue + nlp + encode;
  const parts = `queue ${milliseconds(queue)}, analysis ${milliseconds(nlp)}, encoding ${milliseconds(encode)}`;
  return make("span", { class: "timing" }, `Analysed in ${milliseconds(total)} ms (${parts}), here after ${milliseconds(waited)} ms`);
}

function milliseconds(value) {
  return value < 10 ? value.toFixed(1) : number(Math.round(value));
}

function showExtensions(extensions) {
  const rows = Object.entries(extensions).map(([name, value]) => [make("dt", {}, name), make("dd", {}, JSON.stringify(value))]);
  return rows.length ? [make("dl", { class: "pairs" }, rows.flat())] : [make("p", { class: "empty" }, "None has a value.")];
}

function showJson(answer, size) {
  const all = () => JSON.stringify(answer, null, 2);
  const code = make("code");
  const note = make("p", { class: "small", hidden: true });
  const details = make(
    "details",
    {
      ontoggle: () => {
        if (!details.open || code.textContent) return;
        const text = all();
        code.textContent = text.slice(0, LONGEST_JSON);
        note.hidden = text.length <= LONGEST_JSON;
        note.textContent = `The first ${number(LONGEST_JSON)} of ${number(text.length)} characters. Copy takes all of them.`;
      },
    },
    make("summary", {}, `JSON, ${counted(size, "character")}`),
    make("pre", { tabindex: "0", role: "region", "aria-label": "JSON of the answer", dir: "ltr" }, code),
    note,
  );
  return [make("div", { class: "bar-of-code end" }, copyButton("the answer", all)), details];
}
