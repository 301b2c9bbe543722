// Meet every fault of tests/support/fault_proxy.py with the packaged client, and print what came of each.
import { DocumentRefused, Refused, Spanwise, type Analysis, type Result } from "spanwise-client";

const TEXT = "Tim Cook loved Paris.";
const [proxy, key] = process.argv.slice(2) as [string, string];

const labels = (analysis: Analysis): string[] => (analysis.entities ?? []).map((entity) => entity.label);

async function outcome(answer: Promise<Analysis>): Promise<unknown[]> {
  try {
    return ["ok", ...labels(await answer)];
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): unknown[] {
  if (error instanceof DocumentRefused) return ["document", error.code];
  if (error instanceof Refused) return ["refused", error.status, error.code, ...error.errors];
  if (error instanceof TypeError && ["fetch failed", "terminated"].includes(error.message)) return ["no answer"];
  throw error;
}

function seen(result: Result): unknown[] {
  return result.status === "ok" ? [result.index, ...labels(result.analysis)] : [result.index, result.error.code];
}

async function all(results: AsyncIterable<Result>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const result of results) found.push(seen(result));
  return found;
}

function counted(number: number) {
  const documents = {
    taken: 0,
    *[Symbol.iterator]() {
      for (; documents.taken < number; ) {
        documents.taken++;
        yield TEXT;
      }
    },
  };
  return documents;
}

type Scenario = (client: Spanwise) => Promise<unknown[]>;

const one: Scenario = (client) => outcome(client.analyze(TEXT, { features: ["entities"] }));
const two: Scenario = (client) =>
  Promise.all(["", TEXT].map((text) => outcome(client.analyze(text, { features: ["entities"] }))));
const many: Scenario = async (client) => {
  const calls = Array.from({ length: 200 }, (_, number) =>
    outcome(client.analyze(TEXT, { features: ["entities"], language: number % 2 ? "en" : "en-US" })),
  );
  const different = new Set((await Promise.all(calls)).map((found) => JSON.stringify(found)));
  return [calls.length, ...[...different].map((found) => JSON.parse(found) as unknown)];
};
const invalid: Scenario = (client) => outcome(client.analyze(TEXT, { labels: ["WIZARD"] }));
const surrogate: Scenario = async (client) => {
  const [bad, good] = await Promise.allSettled([client.analyze("\ud800"), one(client)]);
  if (bad.status === "fulfilled" || good.status === "rejected") throw new Error("this cannot be sent");
  return good.value;
};
const generated: Scenario = async (client) => {
  const { data } = await client.client.POST("/v1/entities", { body: { text: TEXT } });
  return ["ok", ...(data?.entities ?? []).map((entity) => entity.label)];
};
const streamed: Scenario = (client) => all(client.stream(Array<string>(10).fill(TEXT), { features: ["entities"] }));
const mixedStream: Scenario = (client) =>
  all(
    client.stream([{ text: TEXT, id: "a" }, "Tim Cook\u2028", { text: "x", language: "tlh" }, ""], {
      features: ["entities"],
    }),
  );
const longStream: Scenario = async (client) => {
  const documents = counted(1500);
  let ahead = 0;
  const order: number[] = [];
  for await (const result of client.stream(documents, { features: ["entities"] })) {
    order.push(result.index);
    ahead = Math.max(ahead, documents.taken - order.length);
  }
  return [order.length === 1500 && order.every((index, number) => index === number), ahead <= 2 * 256];
};
const leftStream: Scenario = async (client) => {
  const documents = counted(100_000);
  for await (const result of client.stream(documents, { features: ["entities"] })) {
    return [...seen(result), documents.taken <= 2 * 256];
  }
  throw new Error("there are results");
};
const refusedStream: Scenario = (client) => all(client.stream([TEXT], { features: ["magic" as "entities"] }));
const silentStream: Scenario = async (client) => {
  const found: unknown[] = [];
  try {
    for await (const result of client.stream(Array<string>(10).fill(TEXT), { features: ["entities"] })) {
      found.push(seen(result));
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") found.push(["timeout"]);
    else throw error;
  }
  return found;
};
const failingSource: Scenario = async (client) => {
  async function* documents() {
    yield TEXT;
    throw new RangeError("no more");
  }
  try {
    return await all(client.stream(documents()));
  } catch (error) {
    if (error instanceof RangeError) return [error.message];
    throw error;
  }
};
const slowSource: Scenario = async (client) => {
  let answered: () => void = () => undefined;
  const answer = new Promise<void>((resolve) => (answered = resolve));
  async function* documents() {
    yield TEXT;
    await answer; // of the first document
    yield TEXT;
  }
  const found: unknown[] = [];
  for await (const result of client.stream(documents(), { features: ["entities"] })) {
    answered();
    found.push(seen(result));
  }
  return found;
};

const scenarios: Record<string, Scenario> = {
  overloaded: one,
  shutting_down: one,
  quota_of_a_day: one,
  deadline: one,
  internal_once: one,
  internal_twice: one,
  broken: one,
  always_broken: one,
  gateway: one,
  document_internal: one,
  document_internal_twice: one,
  invalid,
  one_bad: two,
  many,
  too_large: many,
  too_many: many,
  surrogate,
  generated,
  stream: mixedStream,
  long_stream: longStream,
  left_stream: leftStream,
  refused_stream: refusedStream,
  failing_source: failingSource,
  slow_source: slowSource,
  stream_overloaded: streamed,
  stream_cut: streamed,
  stream_cut_in_a_line: streamed,
  stream_shutting_down: streamed,
  stream_rate_limited: streamed,
  stream_always_cut: streamed,
  stream_document_internal: streamed,
};

const outcomes: Record<string, unknown[]> = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  const client = new Spanwise({ baseUrl: `${proxy}/${name}`, apiKey: key });
  outcomes[name] = await scenario(client).catch(failure);
}
outcomes["no_key"] = await one(new Spanwise({ baseUrl: `${proxy}/no_key` }));
outcomes["stream_silent"] = await silentStream(
  new Spanwise({ baseUrl: `${proxy}/stream_silent`, apiKey: key, timeout: 0.5 }),
);
console.log(JSON.stringify(outcomes));
