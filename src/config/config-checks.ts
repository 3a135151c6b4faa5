/**
 * What the settings must be to each other. Shape is the schema's matter: these checks pass over whatever has
 * the wrong shape, so that both kinds of mistake are reported at once.
 */
import { parseDuration } from "../core/time/duration.ts";
import { isLoopback } from "../core/address.ts";
import { checkDevice } from "./device-checks.ts";
import { parseMqttUrl } from "../core/mqtt-address.ts";
import { isBrokerUrl, isTopicFilter } from "./forms.ts";
import { valueAt } from "./issues.ts";
import { isObject, type JsonObject } from "./jsonc.ts";
import { streamNames, tenantStreams } from "../core/streams.ts";

/** Takes one problem; `code` without its area. */
export type Report = (pointer: string, code: string, message: string, hint: string) => void;

/** Checks settings with all defaults filled in. */
export function checkConfig(effective: unknown, report: Report): void {
  checkListeners(effective, report);
  checkHttp(effective, report);
  checkRoutes(effective, report);
  for (const [pointer, one] of objectsAt(effective, "/ingest/devices")) checkDevice(pointer, one, report);
  checkRollups(effective, report);
  checkUpstreams(effective, report);
  checkBridges(effective, report);
}

function objectsAt(document: unknown, pointer: string): [pointer: string, value: JsonObject][] {
  const list = valueAt(document, pointer);
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index): [string, JsonObject][] =>
    isObject(value) ? [[`${pointer}/${index}`, value]] : [],
  );
}

function checkListeners(effective: unknown, report: Report): void {
  const anonymous = valueAt(effective, "/access/anonymous");
  const hasUsers = valueAt(effective, "/access/usersFile") !== undefined;
  const taken = new Map<string, string>();
  for (const [pointer, door] of objectsAt(effective, "/listeners")) {
    const { protocol, host, port, insecure } = door;
    const encrypted = protocol === "mqtts" || protocol === "wss";
    if (encrypted) checkCertificate(pointer, door, report);
    else if (protocol === "mqtt" || protocol === "ws") checkNoCertificate(pointer, door, report);
    checkPrincipal(pointer, door, hasUsers, report);
    if (typeof host === "string") {
      const near = isLoopback(host);
      if (!near && !encrypted && insecure !== true) {
        report(
          `${pointer}/host`,
          "LISTENER_INSECURE",
          `A listener on ${host} without TLS lets everybody on the network read along.`,
          'use "mqtts" or "wss" with "cert" and "key", or accept it with "insecure": true',
        );
      }
      if (door["clientCa"] === undefined && !hasUsers && (!near || anonymous === false)) {
        report(
          `${pointer}/host`,
          "LISTENER_CLOSED",
          near
            ? `Nobody can connect to this listener: anonymous clients are not let in, and nothing else lets them in.`
            : `Nobody can connect to this listener: beyond loopback clients need credentials, and there are none.`,
          'name a file of users: "access": { "usersFile": "users.jsonc" }; or demand client certificates with "clientCa"',
        );
      }
      if (typeof port === "number") checkPort(taken, pointer, host, port, report);
    }
  }
  checkHttpPort(taken, effective, report);
}

function checkCertificate(pointer: string, door: JsonObject, report: Report): void {
  for (const key of ["cert", "key"]) {
    if (door[key] !== undefined) continue;
    report(
      pointer,
      "TLS_FILES",
      `A listener with TLS needs ${JSON.stringify(key)}.`,
      'add "cert" and "key", the paths of PEM files',
    );
  }
}

function checkNoCertificate(pointer: string, door: JsonObject, report: Report): void {
  for (const key of ["cert", "key", "clientCa", "crl", "principal"]) {
    if (door[key] === undefined) continue;
    const protocol = door["protocol"] === "ws" ? "wss" : "mqtts";
    report(
      `${pointer}/${key}`,
      "TLS_FILES",
      `${JSON.stringify(key)} has no effect on a listener without TLS.`,
      `set "protocol": "${protocol}", or remove it`,
    );
  }
}

function checkPrincipal(pointer: string, door: JsonObject, hasUsers: boolean, report: Report): void {
  if (door["clientCa"] === undefined) {
    for (const key of ["crl", "principal"]) {
      if (door[key] === undefined) continue;
      const message = `${JSON.stringify(key)} has no effect where no client certificates are demanded.`;
      report(`${pointer}/${key}`, "TLS_FILES", message, 'add "clientCa", the authority of the clients');
    }
  }
  if (door["principal"] === undefined || hasUsers) return;
  report(
    `${pointer}/principal`,
    "LISTENER_PRINCIPAL",
    "Nothing says what the principals of certificates may do.",
    'name a file with their roles: "access": { "usersFile": "users.jsonc" }',
  );
}

function checkPort(
  taken: Map<string, string>,
  pointer: string,
  host: string,
  port: number,
  report: Report,
): void {
  if (port === 0) return;
  const address = `${host === "localhost" ? "127.0.0.1" : host} ${port}`;
  const first = taken.get(address);
  if (first === undefined) taken.set(address, pointer);
  else {
    report(
      `${pointer}/port`,
      "PORT_TAKEN",
      `${host}:${port} already belongs to ${first}.`,
      "use another port",
    );
  }
}

function checkHttpPort(taken: Map<string, string>, effective: unknown, report: Report): void {
  const host = valueAt(effective, "/http/host");
  const port = valueAt(effective, "/http/port");
  if (valueAt(effective, "/http/enabled") === false) return;
  if (typeof host === "string" && typeof port === "number") checkPort(taken, "/http", host, port, report);
}

function checkHttp(effective: unknown, report: Report): void {
  const host = valueAt(effective, "/http/host");
  const isOpen = valueAt(effective, "/http/enabled") !== false;
  if (!isOpen || typeof host !== "string" || isLoopback(host)) return;
  if (valueAt(effective, "/access/usersFile") === undefined) {
    report(
      "/http/host",
      "HTTP_OPEN",
      `Beyond loopback HTTP needs tokens, and there are none: ${host} would answer nobody.`,
      'name a file of tokens: "access": { "usersFile": "users.jsonc" }',
    );
  }
  if (valueAt(effective, "/http/insecure") === true) return;
  report(
    "/http/host",
    "HTTP_INSECURE",
    `HTTP on ${host} lets everybody on the network read what the gateway holds.`,
    'bind it to 127.0.0.1 and put a proxy with TLS in front, or accept it with "insecure": true',
  );
}

function checkRoutes(effective: unknown, report: Report): void {
  for (const [pointer, route] of objectsAt(effective, "/ingest/routes")) {
    const { match } = route;
    if (typeof match !== "string" || !isTopicFilter(match)) continue;
    const levels = match.endsWith("#") ? Number.POSITIVE_INFINITY : match.split("/").length;
    for (const key of ["device", "metric", "unit"]) {
      const written = route[key];
      if (typeof written !== "string") continue;
      for (const [place, level] of written.matchAll(/\{(\d+)\}/g)) {
        if (Number(level) < levels) continue;
        report(
          `${pointer}/${key}`,
          "ROUTE_LEVEL",
          `${place} names a level that topics matching ${JSON.stringify(match)} do not have.`,
          `levels count from {0} to {${levels - 1}}`,
        );
      }
    }
  }
}

function checkRollups(effective: unknown, report: Report): void {
  const rollups = valueAt(effective, "/rollups");
  if (!Array.isArray(rollups)) return;
  let finer: { readonly ms: number; readonly text: string } | undefined;
  for (const [index, text] of rollups.entries()) {
    const ms = typeof text === "string" ? parseDuration(text) : undefined;
    if (ms === undefined || ms === 0) return;
    if (finer !== undefined && (ms <= finer.ms || ms % finer.ms !== 0)) {
      report(
        `/rollups/${index}`,
        "ROLLUP_ORDER",
        `${text} is not a multiple of ${finer.text} before it.`,
        'write the finest first, each a multiple of the one before: ["1m", "15m", "1h"]',
      );
    }
    finer = { ms, text };
  }
}

function checkUpstreams(effective: unknown, report: Report): void {
  const upstreams = objectsAt(effective, "/upstreams");
  const hint = "each upstream needs a name of its own: its progress is kept under it";
  checkTwice(upstreams, "name", "UPSTREAM_TWICE", hint, report);
  for (const [pointer, upstream] of upstreams) {
    checkLogin(pointer, upstream, "UPSTREAM_LOGIN", report);
    checkStreams(pointer, upstream, report);
  }
}

function checkBridges(effective: unknown, report: Report): void {
  const bridges = objectsAt(effective, "/ingest/bridges");
  const hint = "each bridge needs a name of its own: its messages and metrics bear it";
  checkTwice(bridges, "name", "BRIDGE_TWICE", hint, report);
  for (const [pointer, bridge] of bridges) {
    checkLogin(pointer, bridge, "BRIDGE_LOGIN", report);
    checkBridgeTls(pointer, bridge, report);
    checkBridgeLoop(effective, pointer, bridge, report);
    checkFilters(pointer, bridge, report);
  }
}

/** Checks that no two members of a list have the same text under a key. */
function checkTwice(
  members: readonly [pointer: string, value: JsonObject][],
  key: string,
  code: string,
  hint: string,
  report: Report,
): void {
  const taken = new Map<string, string>();
  for (const [pointer, member] of members) {
    const written = member[key];
    if (typeof written !== "string") continue;
    const first = taken.get(written);
    if (first === undefined) taken.set(written, pointer);
    else {
      const message = `The ${key} ${JSON.stringify(written)} already belongs to ${first}.`;
      report(`${pointer}/${key}`, code, message, hint);
    }
  }
}

function checkLogin(pointer: string, link: JsonObject, code: string, report: Report): void {
  const { username, password, cert, key } = link;
  if (password !== undefined && username === undefined) {
    report(`${pointer}/password`, code, "A password needs a user name.", 'add "username"');
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [there, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    report(
      `${pointer}/${there}`,
      "TLS_FILES",
      `"${there}" needs "${missing}" beside it.`,
      "a client certificate and its key belong together",
    );
  }
}

function checkBridgeTls(pointer: string, bridge: JsonObject, report: Report): void {
  const { url } = bridge;
  if (typeof url !== "string" || !url.startsWith("mqtt://")) return;
  for (const key of ["ca", "cert", "key"]) {
    if (bridge[key] === undefined) continue;
    report(
      `${pointer}/${key}`,
      "TLS_FILES",
      `${JSON.stringify(key)} has no effect on a connection without TLS.`,
      'write "mqtts://" in "url", or remove it',
    );
  }
}

/** The gateway has what comes to its own broker. Other names of this machine are found out on connecting. */
function checkBridgeLoop(effective: unknown, pointer: string, bridge: JsonObject, report: Report): void {
  const { url } = bridge;
  if (typeof url !== "string" || !isBrokerUrl(url)) return;
  const far = parseMqttUrl(url, "bridge");
  for (const [listener, { host, port }] of objectsAt(effective, "/listeners")) {
    if (typeof host !== "string" || port !== far.port) continue;
    const everywhere = host === "0.0.0.0" || host === "::";
    if (host !== far.host && !(isLoopback(far.host) && (everywhere || isLoopback(host)))) continue;
    report(
      `${pointer}/url`,
      "BRIDGE_LOOP",
      `The bridge leads back to this gateway: ${far.host}:${far.port} is ${listener}.`,
      "name another broker; what clients publish here is ingested without a bridge",
    );
  }
}

function checkFilters(pointer: string, bridge: JsonObject, report: Report): void {
  const { topics } = bridge;
  if (!Array.isArray(topics)) return;
  const seen = new Set<unknown>();
  for (const [index, topic] of topics.entries()) {
    const filter: unknown = isObject(topic) ? topic["filter"] : topic;
    if (typeof filter === "string" && seen.has(filter)) {
      const message = `The filter ${JSON.stringify(filter)} stands twice.`;
      report(`${pointer}/topics/${index}`, "BRIDGE_TOPIC_TWICE", message, "remove one of the two");
    }
    seen.add(filter);
  }
}

function checkStreams(pointer: string, upstream: JsonObject, report: Report): void {
  const { streams, tenant } = upstream;
  if (!Array.isArray(streams)) return;
  for (const [index, stream] of streams.entries()) {
    // Every stream, which is what stands there by default, is every one that a tenant has.
    if (tenant !== undefined && isStreamOfAll(stream) && streams.length < streamNames.length) {
      const message = `The stream ${JSON.stringify(stream)} is about the whole gateway, and the upstream is a tenant's.`;
      report(`${pointer}/streams/${index}`, "STREAM_OF_ALL", message, "a tenant's are alerts and summaries");
    }
    if (streams.indexOf(stream) === index) continue;
    report(
      `${pointer}/streams/${index}`,
      "STREAM_TWICE",
      `The stream ${JSON.stringify(stream)} stands twice.`,
      "remove one of the two",
    );
  }
}

function isStreamOfAll(stream: unknown): boolean {
  return streamNames.some((name) => name === stream) && !tenantStreams.some((name) => name === stream);
}
