/**
 * The gateway over HTTP: a snapshot of it, the commands of people to alerts, and the replay of dead letters. Nothing
 * else could change it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Enroller } from "../core/access/enrolment.ts";
import { AppError, invariant, messageOf } from "../core/errors.ts";
import type { Commander, DeadLetterReplayer, Logger } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import { type ApiAccess, bearerCheck } from "./bearer.ts";
import { readBody } from "./body.ts";
import { type CommandSources, commandRoutesOf } from "./command-routes.ts";
import { deviceCommandRoutes } from "./device-routes.ts";
import { apiDocument } from "./document.ts";
import { enrolRoute } from "./enrol-route.ts";
import { hostCheck } from "./host.ts";
import { type ReplaySources, replayRoute } from "./replay-route.ts";
import { type ProblemDocument, problemBody, problemMediaType } from "./problem.ts";
import { bodyIsLeft, refusalOf, routeRefusalOf } from "./refusal.ts";
import {
  type Answer,
  type CommandRoute,
  jsonAnswer,
  jsonMediaType,
  type Route,
  type RouteOutcome,
} from "./route.ts";
import { type FoundRoute, Router } from "./router.ts";
import { routesOf, tenantRoutesOf } from "./routes.ts";
import { tenantParts, type WholeParts } from "./tenant-view.ts";

/** Connections at once: a dashboard, a scraper, some scripts. Beyond it a connection is closed. */
const connectionsMax = 100;

/** Bytes of all headers of a request. */
const headerBytesMax = 8_192;

/** Headers of a request. */
const headersMax = 64;

/** How long a client may take to send its request, to send nothing, or to read an answer. */
const requestForMs = 5_000;
const idleForMs = 10_000;
const silentForMs = 30_000;

/** How long requests in progress may take when the server closes. */
const closeForMs = 1_000;

/** Headers of every answer: nothing is stored, sniffed, framed or executed. */
const securityHeaders: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** What the server needs. */
export interface ApiServerOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly readModel: ReadModel;
  readonly commander: Commander;
  readonly replayer: DeadLetterReplayer;
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly logger: Logger;
  /** Redeems claim codes; without it nobody is enrolled. */
  readonly enroller?: Enroller | undefined;
  /** Tokens; beyond loopback nobody is answered without one of them. */
  readonly access?: ApiAccess | undefined;
  readonly version: string;
}

/** A server that answers. */
export interface ApiServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting, lets requests in progress finish for a second, and closes every connection. */
  close(): Promise<void>;
}

/**
 * Opens the server.
 *
 * @throws AppError `API_LISTEN` when the address cannot be bound; kind `operator`. Nothing is left open.
 */
export async function openApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const answer = answerer(options);
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: requestForMs,
      requestTimeout: requestForMs,
      keepAliveTimeout: idleForMs,
      connectionsCheckingInterval: 1_000,
    },
    answer,
  );
  server.on("checkContinue", answer);
  server.on("clientError", refuseMalformed);
  server.maxConnections = connectionsMax;
  server.maxHeadersCount = headersMax;
  server.timeout = silentForMs;
  await listen(server, options);
  const address = server.address();
  invariant(typeof address === "object" && address !== null, "a server that listens on TCP has a port");
  return { host: options.host, port: address.port, close: () => close(server) };
}

function listen(server: Server, { host, port }: ApiServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new AppError("API_LISTEN", "operator", `The HTTP address ${host}:${port} cannot be opened.`, {
          cause: error,
          hint: listenHint(error),
        }),
      );
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function listenHint(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") return 'Another program uses it: set "http.port" to a free port, or to 0.';
  return `The system says: ${error.message}. Change "http.host" or "http.port".`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), closeForMs);
  await closed;
  clearTimeout(cut);
}

type Answerer = (request: IncomingMessage, response: ServerResponse) => void;

/** Makes the function that answers each request. It never throws and answers exactly once. */
function answerer(options: ApiServerOptions): Answerer {
  const { version, enroller } = options;
  const enrolment = enroller === undefined ? [] : [enrolRoute(enroller)];
  const commands = [...commandsOf(options), ...enrolment];
  const router = new Router(withDocument(routesOf(options), commands, version), commands);
  const routerOf = tenantRouters(options, version);
  const hostIsAllowed = hostCheck(options.host);
  const bearingOf = bearerCheck(options.host, options.access);
  return (request, response) => {
    const { path, query } = splitUrl(request.url ?? "/");
    const refusal = refusalOf(request, hostIsAllowed);
    const found = refusal === undefined ? router.find(path) : undefined;
    if (found === undefined) {
      send(request, response, refusal ?? { problem: notFound(path) });
      return;
    }
    Promise.resolve()
      .then(() => {
        const bearing = bearingOf(request, found);
        if ("refusal" in bearing) return bearing.refusal;
        const { tenant } = bearing;
        const allowed = tenant === undefined ? found : routerOf(tenant).find(path);
        if (allowed === undefined) return { problem: notForTenants };
        return routeRefusalOf(request, allowed, query) ?? outcomeOf(allowed, query, request, response);
      })
      .catch((error: unknown) => {
        options.logger.error({ event: "api-failed", path, error: messageOf(error) }, "A request failed.");
        return { problem: failure };
      })
      .then((outcome) => send(request, response, outcome))
      .catch((error: unknown) => {
        options.logger.error({ event: "api-failed", path, error: messageOf(error) }, "An answer failed.");
        response.destroy();
      });
  };
}

function commandsOf(
  parts: CommandSources & Parameters<typeof deviceCommandRoutes>[0] & ReplaySources,
): readonly CommandRoute[] {
  return [...commandRoutesOf(parts), ...deviceCommandRoutes(parts), replayRoute(parts)];
}

/** Gives the routes of a tenant: of as many as there are tokens, made when they are first used. */
function tenantRouters(whole: WholeParts, version: string): (tenant: string) => Router {
  const routers = new Map<string, Router>();
  return (tenant) => {
    let router = routers.get(tenant);
    if (router === undefined) {
      const parts = tenantParts(whole, tenant);
      const commands = commandsOf(parts);
      router = new Router(withDocument(tenantRoutesOf(parts.readModel), commands, version), commands);
      routers.set(tenant, router);
    }
    return router;
  };
}

const notForTenants: ProblemDocument = {
  status: 403,
  title: "The token does not allow this.",
  detail: "It is about the gateway as a whole, and the token is a tenant's.",
};

/** @returns Nothing when the client left before it had said what it wants. */
async function outcomeOf(
  found: FoundRoute,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RouteOutcome | undefined> {
  if (found.method === "GET") return await found.route.handle(query);
  const body = await readBody(request, response);
  if (body === undefined || "problem" in body) return body;
  const address = request.socket.remoteAddress ?? "";
  return await found.route.handle(found.levels, body.value, { address, isThere: () => !response.destroyed });
}

const failure: ProblemDocument = {
  status: 500,
  title: "The gateway could not answer.",
  detail: "The reason is in the gateway's log.",
};

/** Adds the route of the API document, which describes itself too. */
function withDocument(
  routes: readonly Route[],
  commands: readonly CommandRoute[],
  version: string,
): readonly Route[] {
  const summary = "This API as an OpenAPI document.";
  const all: Route[] = [...routes];
  all.push({
    path: "/openapi.json",
    summary,
    parameters: [],
    responses: { 200: { description: summary, contentType: jsonMediaType, schema: { type: "object" } } },
    handle: () => jsonAnswer(apiDocument(all, commands, version)),
  });
  return all;
}

function notFound(path: string): ProblemDocument {
  return {
    status: 404,
    title: "There is nothing under this path.",
    detail: `"${path}" is not known; /openapi.json lists every path.`,
  };
}

/** Splits without resolving dots or hosts: a path is compared, never followed. */
function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  if (mark === -1) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** @param outcome - Nothing when nobody waits for an answer. */
function send(request: IncomingMessage, response: ServerResponse, outcome: RouteOutcome | undefined): void {
  if (outcome === undefined) return;
  const { status, contentType, body } = "answer" in outcome ? outcome.answer : problemAnswer(outcome.problem);
  const headers: Record<string, string | number> = {
    ...securityHeaders,
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
  };
  if ("problem" in outcome && outcome.allow !== undefined) headers["Allow"] = outcome.allow;
  if ("problem" in outcome && outcome.challenge !== undefined) {
    headers["WWW-Authenticate"] = outcome.challenge;
  }
  // Whatever body is still on its way is not read: the connection ends with the answer.
  if (bodyIsLeft(request)) headers["Connection"] = "close";
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
}

function problemAnswer(problem: ProblemDocument): Answer {
  return { status: problem.status, contentType: problemMediaType, body: `${problemBody(problem)}\n` };
}

/** Answers what is not HTTP, or too slow or too long to be read, and closes the connection. */
function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: NodeJS.WritableStream & { destroy(): void },
): void {
  const status = malformedStatus(error.code);
  const line = { 400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large" }[status];
  const body = `${problemBody({ status, title: `${line}.`, detail: "The request could not be read." })}\n`;
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${status} ${line}\r\nContent-Type: ${problemMediaType}\r\nX-Content-Type-Options: nosniff\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function malformedStatus(code: string | undefined): 400 | 408 | 431 {
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
}
