/** Errors as problem documents. Source: RFC 9457. */

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
  /** What is wrong in the body, each with its place. Source: RFC 9457 § 3, figure 3. */
  readonly errors?: readonly MemberError[];
}

/** One thing wrong in a body. */
export interface MemberError {
  /** JSON pointer as a fragment: `#/for`, or `#` for the whole body. */
  readonly pointer: string;
  readonly detail: string;
}

/** Media type of a problem document. */
export const problemMediaType = "application/problem+json";

/** The body of a problem. `type` is `about:blank`: status and title say everything. */
export function problemBody(problem: ProblemDocument): string {
  return JSON.stringify({ type: "about:blank", ...problem });
}
