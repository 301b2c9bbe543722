/** What the contract's schemas are called here. */
import type { components } from "./schema.ts";

type Schemas = components["schemas"];

export type Analysis = Schemas["AnalyzeResponse"];
export type Result = Schemas["BatchResult"];

/** A text, or a text with an id, a language or a pipeline. */
export type Document = string | Schemas["StreamDocument"];

/** Options of a text, named as in the contract. */
export type Options = Omit<Schemas["AnalyzeRequest"], "text">;
