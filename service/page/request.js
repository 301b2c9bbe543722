// The request that the controls describe, and the words for its parts.

/** What a feature is called on the page, and what it shows. Those that are missing here are in the answer's JSON. */
export const FEATURES = {
  entities: "Entities",
  sentiment: "Sentiment",
  entity_sentiment: "Sentiment per entity",
  sentences: "Sentences",
  categories: "Categories",
  spans: "Spans",
  tokens: "Tokens and parse",
  noun_chunks: "Noun chunks",
  extensions: "Extensions",
  language: "Language",
};

/** Features that nobody has to tick. */
export const TICKED = new Set(["entities", "sentiment", "entity_sentiment", "sentences", "categories", "spans", "extensions"]);

/** What the fields of a request are called on the page. */
export const FIELDS = {
  text: "Text",
  features: "Sections of the answer",
  language: "Language",
  pipeline: "Pipeline",
  offset_encoding: "Offsets",
  min_confidence: "Least confidence",
};

/** Return the body of `POST /v1/analyze`. What is the service's default is left out. */
export function requestOf({ text, features, language, pipeline, offsets, minConfidence }) {
  return {
    text,
    features,
    ...(language && { language }),
    ...(pipeline && { pipeline }),
    ...(offsets !== "codepoint" && { offset_encoding: offsets }),
    ...(minConfidence > 0 && features.includes("entities") && { min_confidence: minConfidence }),
  };
}

/** Return the pipeline that will serve a request, as far as that is known before the text is read. */
export function pipelineFor(pipelines, { pipeline, language }) {
  const first = pipelines.find((one) => one.default) ?? pipelines[0];
  if (pipeline) return pipelines.find((one) => one.name === pipeline) ?? first;
  return pipelines.find((one) => one.language === language) ?? first;
}

const NAMES = new Intl.DisplayNames(["en"], { type: "language" });

/** Return the English name of a language; its code where it has none. */
export function languageName(code) {
  try {
    return NAMES.of(code) ?? code;
  } catch {
    return code;
  }
}

const NUMBERS = new Intl.NumberFormat("en");

/** Return a number as people write it: 17,372. */
export function number(value) {
  return NUMBERS.format(value);
}

/** Return a count and its noun: 1 entity, 2 entities. */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}
