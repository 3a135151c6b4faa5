/** The API document, written from the routes that are served. Source: OpenAPI 3.1.1. */
import { problemMediaType } from "./problem.ts";
import type { Route, Schema } from "./route.ts";

const problemSchema: Schema = {
  type: "object",
  description: "RFC 9457 problem document.",
  properties: {
    type: { type: "string" },
    status: { type: "integer" },
    title: { type: "string" },
    detail: { type: "string" },
    parameter: { type: "string", description: "The query parameter that is wrong." },
  },
  required: ["type", "status", "title", "detail"],
};

/** Describes the routes as an OpenAPI document. */
export function apiDocument(routes: readonly Route[], version: string): Schema {
  return {
    openapi: "3.1.1",
    info: {
      title: "holdfast, read side",
      version,
      description: "Times are epoch milliseconds. Errors are RFC 9457 problem documents.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route) }])),
    components: { schemas: { Problem: problemSchema } },
  };
}

function operationOf(route: Route): Schema {
  const problem = {
    description: "What is wrong with the request, or with the gateway.",
    content: { [problemMediaType]: { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  const responses: Record<string, unknown> = {};
  for (const [status, { description, contentType, schema }] of Object.entries(route.responses)) {
    responses[status] = { description, content: { [contentType]: { schema } } };
  }
  return {
    summary: route.summary,
    operationId: operationIdOf(route.path),
    parameters: route.parameters.map((parameter) => ({ in: "query", required: false, ...parameter })),
    responses: { ...responses, default: problem },
  };
}

/** `/api/v1/dead-letters` becomes `dead-letters`. */
function operationIdOf(path: string): string {
  return path.replace(/^\/(?:api\/v\d+\/)?/, "").replace(/\W+/g, "-");
}
