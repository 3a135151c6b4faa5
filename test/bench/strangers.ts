/** What a socket costs before it is authenticated: the broker by itself, the sockets in another process. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openTestBroker, until } from "../broker/harness.ts";
import { makeCertificates } from "../support/certificates.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { record } from "./history.ts";
import { memoryBytes } from "./memory.ts";

const attacker = fileURLToPath(new URL("attacker.ts", import.meta.url));

/** Starts an attacker; resolves when it is at it. */
export async function startAttacker(options: {
  readonly port: number;
  readonly kind: string;
  readonly count?: number;
  readonly user?: string;
  readonly addresses?: number;
}): Promise<ChildProcess> {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [attacker, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

export async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const kinds = [
  ["silent", "mqtt"],
  ["drip", "mqtt"],
  ["http", "ws"],
  ["websocket", "ws"],
  ["silent", "mqtts"],
  ["tls", "mqtts"],
  ["tls-done", "mqtts"],
] as const;

const count = 3_000;

/** Heap and buffers, and resident memory, of each socket; each kind in a process of its own. */
export async function measureStrangers(): Promise<void> {
  for (const [kind, protocol] of kinds) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      fileURLToPath(import.meta.url),
      kind,
      protocol,
    ]);
    const { residentBytes, heapBytes, sockets } = JSON.parse(stdout) as Cost;
    await record({
      metric: `bytes-before-authentication-${protocol}-${kind}`,
      value: residentBytes,
      target: "<= 8192",
      detail: { sockets, heapBytes },
    });
  }
}

interface Cost {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly sockets: number;
}

async function measureKind(kind: string, protocol: "mqtt" | "ws" | "mqtts"): Promise<Cost> {
  await using directory = await temporaryDirectory("strangers");
  await makeCertificates(directory.path);
  const secret = { cert: join(directory.path, "server.crt"), key: join(directory.path, "server.key") };
  const where = { protocol, host: "127.0.0.1", port: 0 };
  await using broker = await openTestBroker({
    listeners: [protocol === "mqtts" ? { ...where, ...secret } : where],
    timings: { authenticationMs: 60_000 },
  });
  // With the first ones code is compiled, and what all of them share is made.
  await end(await startAttacker({ port: broker.port, kind, count: 200, addresses: 8 }));
  await until(() => broker.metric("connections") === 0, "the first are gone", 20_000);
  const heapBefore = memoryBytes();
  const residentBefore = process.memoryUsage.rss();
  const child = await startAttacker({ port: broker.port, kind, count, addresses: 8 });
  const accepted = (): boolean => broker.metric("connections_total") === 200 + count;
  await until(accepted, "all have been accepted", 60_000);
  const sockets = broker.metric("connections");
  const heapBytes = Math.round((memoryBytes() - heapBefore) / sockets);
  const residentBytes = Math.round((process.memoryUsage.rss() - residentBefore) / sockets);
  await end(child);
  return { residentBytes, heapBytes, sockets };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind = "", protocol] = process.argv.slice(2);
  if (protocol !== "mqtt" && protocol !== "ws" && protocol !== "mqtts")
    throw new Error(`no protocol ${protocol}`);
  process.stdout.write(JSON.stringify(await measureKind(kind, protocol)));
}
