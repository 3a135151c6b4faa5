/**
 * What a route is: how it is found, what it takes, what it gives. The server serves this table and the
 * API document is written from it, so neither can say what the other does not.
 */
import type { ProblemDocument } from "./problem.ts";

/** A JSON Schema, as OpenAPI 3.1 embeds it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter in the query or in the path. */
export interface RouteParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  /** Of a parameter in the query: nothing is answered without it. Those in the path always are. */
  readonly required?: true;
}

/** The answer to a request that was understood. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a route gives: an answer, or the problem with the request. */
export type RouteOutcome =
  | { readonly answer: Answer }
  | {
      readonly problem: ProblemDocument;
      /** Of status 405: what is allowed. */
      readonly allow?: string;
      /** Of status 401: how to come back. */
      readonly challenge?: string;
    };

interface DescribedRoute {
  readonly summary: string;
  /** Each status that the route answers with beside the general problems. */
  readonly responses: Readonly<
    Record<number, { readonly description: string; readonly contentType: string; readonly schema: Schema }>
  >;
}

/** One path of the read side; it answers GET and HEAD. */
export interface Route extends DescribedRoute {
  readonly path: string;
  readonly parameters: readonly RouteParameter[];
  handle(query: URLSearchParams): RouteOutcome | Promise<RouteOutcome>;
}

/** One path by which people command; it answers POST. */
export interface CommandRoute extends DescribedRoute {
  /** A level in braces takes any text: `/api/v1/alerts/{id}/ack`. */
  readonly path: string;
  /** One for each level in braces. */
  readonly parameters: readonly RouteParameter[];
  readonly body: { readonly required: boolean; readonly schema: Schema };
  /**
   * @param levels - What stands in the path for each name in braces, as it was sent.
   * @param body - The parsed JSON; `undefined` when there was no body.
   * @param sender - For the few routes to which it matters.
   */
  handle(
    levels: Readonly<Record<string, string>>,
    body: unknown,
    sender: Sender,
  ): RouteOutcome | Promise<RouteOutcome>;
  /** It needs no token, not even beyond loopback: what is in the body shows who may ask. */
  readonly isOpen?: true;
}

/** Who sends a request. */
export interface Sender {
  readonly address: string;
  /** Waits for the answer. */
  readonly isThere: () => boolean;
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
