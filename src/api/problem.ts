/** Errors of the read side as problem documents. Source: RFC 9457. */

/** A request that is not answered, and why. */
export interface ProblemDocument {
  /** HTTP status code. */
  readonly status: number;
  /** What kind of problem, the same sentence each time. */
  readonly title: string;
  /** What is wrong with this request. */
  readonly detail: string;
  /** The query parameter that is wrong, where one is. */
  readonly parameter?: string;
}

/** Media type of a problem document. */
export const problemMediaType = "application/problem+json";

/** The body of a problem. `type` is `about:blank`: status and title say everything. */
export function problemBody(problem: ProblemDocument): string {
  return JSON.stringify({ type: "about:blank", ...problem });
}
