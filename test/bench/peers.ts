/** Starts what is measured, each with a fresh directory, and stops it again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile, mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { hashPassword } from "../../src/access/password.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import type { Login } from "./load-subscriber.ts";

/** A broker under load. */
export interface Peer {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A holdfast under load, with what only it has. */
export interface HoldfastPeer extends Peer {
  readonly httpPort: number;
  readonly directory: string;
  /** From the start of the process to the line that says that it serves. */
  readonly readyAfterMs: number;
  /** Kills it without warning; the directory stays. */
  kill(): Promise<void>;
}

export interface HoldfastOptions {
  /** `src/main.ts` or `dist/holdfast.js`. */
  readonly program: string;
  /** A directory of an earlier run, or nothing for a fresh one. */
  readonly directory?: string;
  readonly dataDir?: string;
  readonly rules: readonly object[];
  readonly store?: object;
  readonly access?: object;
  /** One user, who may publish and subscribe below `plant/`; without one everybody may do everything. */
  readonly login?: Login;
}

/** Bare: no persistence, no rules, nobody subscribed. */
export async function startBareMosquitto(): Promise<Peer> {
  const broker = await startMosquitto({ persistence: false });
  return { port: broker.port, pid: broker.pid, stop: () => broker.close() };
}

/** Starts a gateway on free ports; resolves when it serves. */
export async function startHoldfast(options: HoldfastOptions): Promise<HoldfastPeer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "holdfast-bench-")));
  await mkdir(join(directory, "rules.d"), { recursive: true });
  await writeFile(join(directory, "rules.d", "bench.json"), JSON.stringify({ rules: options.rules }));
  if (options.login !== undefined) await writeUsers(join(directory, "users.json"), options.login);
  const config = {
    gateway: { id: "bench" },
    dataDir: options.dataDir ?? join(directory, "data"),
    listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 0 }],
    http: { host: "127.0.0.1", port: 0 },
    rulesDir: join(directory, "rules.d"),
    ...(options.login === undefined ? {} : { access: { usersFile: join(directory, "users.json") } }),
    store: { durability: "sync", ...options.store },
    ...(options.access === undefined ? {} : { access: options.access }),
  };
  const file = join(directory, "holdfast.jsonc");
  await writeFile(file, JSON.stringify(config));
  const startedMs = performance.now();
  // By its first line, as a shell and a service manager start it: what stands there is part of it.
  const child = spawn(resolve(options.program), ["run", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` },
  });
  const ready = await readyLine(child);
  const readyAfterMs = performance.now() - startedMs;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  return {
    port: ready.listeners[0]?.port ?? 0,
    httpPort: ready.http.port,
    pid: child.pid ?? 0,
    directory,
    readyAfterMs,
    kill: () => end("SIGKILL"),
    stop: async () => {
      await end("SIGTERM");
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function writeUsers(file: string, { username, password }: Login): Promise<void> {
  const role = { publish: ["plant/#"], subscribe: ["plant/#"], receive: ["plant/#"] };
  const users = { [username]: { password: await hashPassword(password), roles: ["load"] } };
  await writeFile(file, JSON.stringify({ roles: { load: role }, users }), { mode: 0o600 });
}

interface ReadyLine {
  readonly event: string;
  readonly listeners: readonly { readonly port: number }[];
  readonly http: { readonly port: number };
}

async function readyLine(child: ChildProcess): Promise<ReadyLine> {
  if (child.stdout === null) throw new Error("the gateway has no standard output");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const entry = JSON.parse(line) as ReadyLine;
    if (entry.event !== "ready") continue;
    // What it says later is not needed, but must not fill the pipe.
    child.stdout.resume();
    return entry;
  }
  throw new Error("the gateway ended before it was ready");
}

/** Resident memory, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Processor time so far, in milliseconds (a hundredth of a second is what the kernel counts in). */
export async function processorMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
