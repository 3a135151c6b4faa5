/** The API document, written from the routes that are served. Source: OpenAPI 3.1.1. */
import { problemMediaType } from "./problem.ts";
import type { CommandRoute, Route, Schema } from "./route.ts";

const problemSchema: Schema = {
  type: "object",
  description: "RFC 9457 problem document.",
  properties: {
    type: { type: "string" },
    status: { type: "integer" },
    title: { type: "string" },
    detail: { type: "string" },
    parameter: { type: "string", description: "The query parameter that is wrong." },
    errors: {
      type: "array",
      description: "What is wrong in the body.",
      items: {
        type: "object",
        properties: {
          pointer: { type: "string", description: "JSON pointer as a fragment: #/for." },
          detail: { type: "string" },
        },
        required: ["pointer", "detail"],
      },
    },
  },
  required: ["type", "status", "title", "detail"],
};

/** Describes the routes as an OpenAPI document. */
export function apiDocument(
  routes: readonly Route[],
  commands: readonly CommandRoute[],
  version: string,
): Schema {
  return {
    openapi: "3.1.1",
    info: {
      title: "holdfast",
      version,
      description: "Times are epoch milliseconds. Errors are RFC 9457 problem documents.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: Object.fromEntries([
      ...routes.map((route) => [route.path, { get: readOperationOf(route) }]),
      ...commands.map((route) => [route.path, { post: commandOperationOf(route) }]),
    ]),
    // On loopback nobody has to say who they are.
    security: [{}, { token: [] }],
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function readOperationOf(route: Route): Schema {
  const parameters = route.parameters.map((parameter) => ({ in: "query", required: false, ...parameter }));
  return { ...operationOf(route), parameters };
}

function commandOperationOf(route: CommandRoute): Schema {
  const { required, schema } = route.body;
  return {
    ...operationOf(route),
    parameters: route.parameters.map((parameter) => ({ in: "path", required: true, ...parameter })),
    requestBody: { required, content: { "application/json": { schema } } },
  };
}

function operationOf(route: Route | CommandRoute): Schema {
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
    responses: { ...responses, default: problem },
  };
}

/** `/api/v1/dead-letters` becomes `dead-letters`, `/api/v1/alerts/{id}/ack` becomes `alerts-id-ack`. */
function operationIdOf(path: string): string {
  return path.replace(/^\/(?:api\/v\d+\/)?/, "").replace(/\W+/g, "-");
}
