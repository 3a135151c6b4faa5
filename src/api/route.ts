/**
 * What a route is: how it is found, what it takes, what it gives. The server serves this table and the
 * API document is written from it, so neither can say what the other does not.
 */
import type { ProblemDocument } from "./problem.ts";

/** A JSON Schema, as OpenAPI 3.1 embeds it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A query parameter. */
export interface RouteParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
}

/** The answer to a request that was understood. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a route gives for a query: an answer, or the problem with it. */
export type RouteOutcome = { readonly answer: Answer } | { readonly problem: ProblemDocument };

/** One path of the read side; it answers GET and HEAD. */
export interface Route {
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly RouteParameter[];
  /** Each status that the route answers with beside the general problems. */
  readonly responses: Readonly<
    Record<number, { readonly description: string; readonly contentType: string; readonly schema: Schema }>
  >;
  handle(query: URLSearchParams): RouteOutcome | Promise<RouteOutcome>;
}

/** Media type of JSON answers. */
export const jsonMediaType = "application/json; charset=utf-8";

/** A JSON answer. */
export function jsonAnswer(value: unknown, status = 200): RouteOutcome {
  return { answer: { status, contentType: jsonMediaType, body: `${JSON.stringify(value)}\n` } };
}

/** A query that cannot be answered because of one of its parameters. */
export function badParameter(parameter: string, detail: string): RouteOutcome {
  return { problem: { status: 400, title: "The query is not valid.", detail, parameter } };
}
