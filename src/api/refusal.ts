/** What of a request is refused before a route looks at it, and whether more of it is on its way. */
import type { IncomingMessage } from "node:http";
import { announcesBody, bodyRefusal } from "./body.ts";
import { isOwnOrigin } from "./host.ts";
import type { RouteOutcome } from "./route.ts";
import type { FoundRoute } from "./router.ts";

/** Characters of a path and query. */
const urlCharactersMax = 2_048;

/** What is refused before anybody looks at the path. */
export function refusalOf(
  { headers, url = "" }: IncomingMessage,
  hostIsAllowed: (header: string | undefined) => boolean,
): RouteOutcome | undefined {
  if (!hostIsAllowed(headers.host)) {
    return {
      problem: {
        status: 421,
        title: "This server does not answer under that name.",
        detail: "It listens on loopback only: use http://localhost, http://127.0.0.1 or http://[::1].",
      },
    };
  }
  if (url.length > urlCharactersMax) {
    const detail = `At most ${urlCharactersMax} characters are read.`;
    return { problem: { status: 414, title: "The address is too long.", detail } };
  }
  return undefined;
}

/** What is refused of a request for a path that is known. */
export function routeRefusalOf(
  request: IncomingMessage,
  found: FoundRoute,
  query: URLSearchParams,
): RouteOutcome | undefined {
  const { headers, method = "" } = request;
  const allowed = found.method === "GET" ? ["GET", "HEAD"] : ["POST"];
  if (!allowed.includes(method)) {
    const allow = allowed.join(", ");
    const detail = `This path answers ${allow}, not ${method}.`;
    return { problem: { status: 405, title: "The method is not allowed.", detail }, allow };
  }
  if (found.method === "GET") {
    if (!announcesBody(headers)) return parameterRefusal(found, query);
    const detail = "A request that only reads takes no body.";
    return { problem: { status: 413, title: "A body is not allowed.", detail } };
  }
  if (!isOwnOrigin(headers.origin, headers.host)) {
    return {
      problem: {
        status: 403,
        title: "A page from elsewhere may not command.",
        detail: "The request names an Origin that is not this server's own.",
      },
    };
  }
  const refused = bodyRefusal(headers);
  return refused === undefined ? parameterRefusal(found, query) : { problem: refused };
}

function parameterRefusal(found: FoundRoute, query: URLSearchParams): RouteOutcome | undefined {
  const title = "The query is not valid.";
  const names = found.method === "GET" ? found.route.parameters.map((parameter) => parameter.name) : [];
  for (const name of new Set(query.keys())) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? "takes no parameters" : `takes only ${names.join(", ")}`;
      const detail = `${found.route.path} ${known}, not "${name}".`;
      return { problem: { status: 400, title, detail, parameter: name } };
    }
    if (query.getAll(name).length > 1) {
      return {
        problem: { status: 400, title, detail: `"${name}" is given more than once.`, parameter: name },
      };
    }
  }
  return undefined;
}

/** Whether a part of the body has not been read: then the connection has to end with the answer. */
export function bodyIsLeft(request: IncomingMessage): boolean {
  return announcesBody(request.headers) && !request.readableEnded;
}
