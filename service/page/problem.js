// An error of the service, as a person reads it: what is wrong, and what to do.

import { make } from "./dom.js";
import { FIELDS, counted } from "./request.js";

const HEADINGS = {
  no_answer: "The service did not answer",
  not_ours: "Something between this page and the service answered",
  unauthorized: "The API key was not accepted",
  validation_failed: "The request cannot be served like this",
  body_too_large: "The text is too large",
  rate_limited: "The quota of this key is used up for now",
  overloaded: "The service is busy",
  shutting_down: "This instance is shutting down",
  deadline_exceeded: "The answer took too long",
  internal_error: "The service has a defect",
};
const ADVICE = {
  no_answer: "It may have stopped, or the network is down. Try again.",
  not_ours: "A proxy may have refused the request, or the service is not there.",
  shutting_down: "Another instance will take over.",
  deadline_exceeded: "A shorter text, or fewer sections, are done sooner.",
  internal_error: "Whoever runs the service finds the reason in its log, under the id below.",
};

/** Return the nodes that tell of a problem. `again` is called to try once more. */
export function showProblem({ problem, retryAfter }, again) {
  const errors = problem.errors ?? [];
  const details = errors.length
    ? [make("ul", {}, errors.map(({ pointer, detail }) => make("li", {}, fieldOf(pointer), detail)))]
    : [make("p", {}, problem.code === "not_ours" ? `It answered with status ${problem.status}. ${problem.title}` : problem.detail)];
  const advice = ADVICE[problem.code] ?? (retryAfter ? `Try again in ${counted(retryAfter, "second")}.` : "");
  const technical = [problem.status, problem.code, problem.request_id && `request ${problem.request_id}`].filter(Boolean);
  return [
    make(
      "div",
      { class: "card problem" },
      make("h2", {}, HEADINGS[problem.code] ?? problem.title),
      ...details,
      advice ? make("p", {}, advice) : null,
      errors.length ? null : make("button", { type: "button", onclick: again }, "Try again"),
      make("p", { class: "small" }, technical.join(" · ")),
    ),
  ];
}

function fieldOf(pointer) {
  const field = pointer.split("/")[1];
  return field ? make("strong", {}, `${FIELDS[field] ?? field}: `) : "";
}
