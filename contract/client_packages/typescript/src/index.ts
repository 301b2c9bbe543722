/**
 * Calls Spanwise. `Spanwise` holds an openapi-fetch client, whose every call is retried, and adds what no generator
 * gives: `analyze`, which gathers single calls into batches, and `stream`, with back-pressure.
 */
export { DocumentRefused, Refused, SpanwiseError } from "./errors.ts";
export type { Retries } from "./retries.ts";
export type { components, operations, paths } from "./schema.ts";
export { Spanwise, type Configuration } from "./spanwise.ts";
export type { Analysis, Document, Options, Result } from "./types.ts";
