/** The gateway as users run it: a process of its own, that tests may kill, stop, freeze and start again. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { NumberedDeadLetter } from "../../src/core/record.ts";
import type { GatewayStatus, Ledger } from "../../src/core/read-model.ts";
import { lastingPort } from "./lasting-port.ts";
import { until } from "./until.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const node = join(repository, "node_modules/.bin/node");
const main = join(repository, "src/main.ts");

/** How a gateway is set up. */
export interface GatewayProcessOptions {
  /** Holds `holdfast.json`, `rules.d` and, unless the configuration says otherwise, `data`. It is made. */
  readonly directory: string;
  /**
   * Merged over a gateway `gw-test` with one MQTT listener and the read side on loopback ports that stay
   * the same over restarts, and no rollups. Objects merge, everything else replaces.
   */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Each becomes a file in `rules.d`. */
  readonly rules?: readonly object[];
  /** Options for node itself, before the script: `["--max-old-space-size=64"]`. */
  readonly nodeOptions?: readonly string[];
  /** Further arguments of `run`. */
  readonly arguments?: readonly string[];
  /** What is run in place of `src/main.ts`. */
  readonly script?: string;
  /** How long a start may take; failing it is a failure of the test. Default 15 s. */
  readonly readyWithinMs?: number;
}

/** One line of the gateway's log. */
export interface LogLine {
  readonly event?: string;
  readonly level?: string;
  readonly msg?: string;
  /** Of the ready line. */
  readonly listeners?: GatewayStatus["listeners"];
  readonly http?: { readonly host: string; readonly port: number };
  readonly [field: string]: unknown;
}

/** Dead letters as `/api/v1/dead-letters` gives them: bytes in base64. */
export type ShownDeadLetter = Omit<NumberedDeadLetter, "bytes"> & { readonly bytes: string };

/** Log lines kept; the oldest leave first. */
const logLinesMax = 2_000;

/** Gateways that run now: they end with the test process, however that ends. */
const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/**
 * Starts a gateway; resolves when it serves.
 *
 * `await using gateway = await startGateway({ directory })` ends it with the scope.
 *
 * @throws Error with the last lines of its log when it ends or stays silent instead.
 */
export async function startGateway(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { directory } = options;
  const [mqttPort, httpPort] = [await lastingPort(), await lastingPort()];
  const config = merged(
    {
      gateway: { id: "gw-test" },
      dataDir: join(directory, "data"),
      rulesDir: join(directory, "rules.d"),
      listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: mqttPort }],
      http: { host: "127.0.0.1", port: httpPort },
      rollups: [],
    },
    options.config ?? {},
  );
  const configFile = join(directory, "holdfast.json");
  await mkdir(join(directory, "rules.d"), { recursive: true });
  await writeFile(configFile, JSON.stringify(config, undefined, 2));
  const rules = (options.rules ?? []).entries();
  for (const [index, rule] of rules) {
    await writeFile(join(directory, "rules.d", `rule-${index}.jsonc`), JSON.stringify(rule));
  }
  const gateway = new GatewayProcess(options, configFile, String(config["dataDir"]));
  await gateway.start();
  return gateway;
}

/** See {@link startGateway}. Ports, configuration and data stay the same from one start to the next. */
export class GatewayProcess implements AsyncDisposable {
  readonly configFile: string;
  readonly dataDirectory: string;
  /** What it logged since it was first started, newest last. */
  readonly log: LogLine[] = [];
  mqttPort = 0;
  httpPort = 0;
  /** From the spawn of the process to its ready line, of the last start. */
  readyAfterMs: number = Number.NaN;
  readonly #options: GatewayProcessOptions;
  #child: ChildProcess | undefined;
  #unexpected: Error | undefined;
  #errorText = "";

  constructor(options: GatewayProcessOptions, configFile: string, dataDirectory: string) {
    this.#options = options;
    this.configFile = configFile;
    this.dataDirectory = dataDirectory;
  }

  /** Of the process that runs. @throws Error when none does. */
  get pid(): number {
    const pid = this.#running.pid;
    if (pid === undefined) throw new Error("the gateway could not be spawned");
    return pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.mqttPort}`;
  }

  get #running(): ChildProcess {
    if (this.#unexpected !== undefined) throw this.#unexpected;
    if (this.#child === undefined) throw new Error("the gateway does not run");
    return this.#child;
  }

  /** Starts it again after {@link kill} or {@link stop}; resolves when it serves. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error("the gateway runs already");
    const { directory, nodeOptions = [], script = main, readyWithinMs = 15_000 } = this.#options;
    const { arguments: more = [] } = this.#options;
    const startedMs = performance.now();
    const words = [...nodeOptions, script, "run", "--config", this.configFile, ...more];
    const child = spawn(node, words, {
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "", HOME: directory, TMPDIR: process.env["TMPDIR"] ?? "/tmp" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#unexpected = undefined;
    this.#errorText = "";
    alive.add(child);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-4_000);
    });
    let ready: LogLine | undefined;
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = this.#keep(text);
      if (line.event !== "ready") return;
      this.readyAfterMs = performance.now() - startedMs;
      ready = line;
    });
    // Not `exit`: what it said last may still be on its way then.
    child.once("close", (code, signal) => {
      alive.delete(child);
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#unexpected = new Error(`the gateway ended by itself (${signal ?? code}):\n${this.lastWords()}`);
    });
    await until(
      `the gateway is ready:\n${this.configFile}`,
      () => {
        void this.#running;
        return ready !== undefined;
      },
      { withinMs: readyWithinMs, everyMs: 2 },
    ).catch((error: unknown) => {
      throw new Error(`the gateway did not start:\n${this.lastWords()}`, { cause: error });
    });
    this.#takePorts(ready ?? {});
  }

  /** Ends it at once (SIGKILL), as the kernel or a power supply would. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it in good order (SIGTERM). @returns Its exit code; nothing when a signal ended it. */
  async stop(): Promise<number | undefined> {
    return await this.#end("SIGTERM");
  }

  /** Sends a signal and waits for nothing: SIGSTOP, SIGCONT, SIGHUP. */
  signal(signal: NodeJS.Signals): void {
    this.#running.kill(signal);
  }

  /** Ends it at once if it still runs, without complaint: for the end of a test. */
  async close(): Promise<void> {
    this.#unexpected = undefined;
    if (this.#child !== undefined) await this.#end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** GET of a path of the read side. @throws Error when the answer is not JSON with status 200. */
  async get<T>(path: string): Promise<T> {
    void this.#running;
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    const document: T = JSON.parse(await answer.text());
    return document;
  }

  async ledger(): Promise<Ledger> {
    return await this.get("/api/v1/ledger");
  }

  async status(): Promise<GatewayStatus> {
    return await this.get("/api/v1/status");
  }

  async deadLetters(limit = 1_000): Promise<readonly ShownDeadLetter[]> {
    const { deadLetters } = await this.get<{ readonly deadLetters: readonly ShownDeadLetter[] }>(
      `/api/v1/dead-letters?limit=${limit}`,
    );
    return deadLetters;
  }

  /** Memory that is in RAM now. Source: proc_pid_status(5), `VmRSS`. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** The end of its log and of its standard error, for the message of a failure. */
  lastWords(): string {
    const lines = this.log.slice(-20).map((line) => JSON.stringify(line));
    return [...lines, this.#errorText].join("\n");
  }

  #keep(text: string): LogLine {
    const line: LogLine = text.startsWith("{") ? JSON.parse(text) : { msg: text };
    this.log.push(line);
    if (this.log.length > logLinesMax) this.log.shift();
    return line;
  }

  #takePorts({ listeners, http }: LogLine): void {
    this.mqttPort = listeners?.find(({ protocol }) => protocol === "mqtt")?.port ?? 0;
    this.httpPort = http?.port ?? 0;
  }

  async #end(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#running;
    this.#child = undefined;
    const ended = new Promise<number | null>((resolve) => {
      child.once("exit", resolve);
    });
    child.kill(signal);
    const code = await ended;
    return code ?? undefined;
  }
}

type Tree = Readonly<Record<string, unknown>>;

/** Puts one configuration over another: objects merge, everything else replaces. */
function merged(under: Tree, over: Tree): Tree {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isTree(below) && isTree(value) ? merged(below, value) : value;
  }
  return result;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
