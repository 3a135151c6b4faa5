/** A real mosquitto for tests: Debian's package, on loopback, with its files in a directory of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"];

/** Where mosquitto is installed; nothing where it is not. */
const mosquittoPath: string | undefined = places.find((place) => existsSync(place));

/**
 * Whether tests that need mosquitto are left out, and why.
 *
 * `describe.skipIf(mosquittoMissing)` leaves them out on a machine without it; with `CI` set they run and
 * fail instead, so that nothing is left out unseen.
 */
export const mosquittoMissing: boolean = mosquittoPath === undefined && process.env["CI"] === undefined;
if (mosquittoMissing) console.warn("left out: tests that need mosquitto (apt-get install mosquitto)");

/** How a mosquitto is set up. */
export interface MosquittoOptions {
  /** A free one where missing; kept over restarts. */
  readonly port?: number;
  /** Sessions and queued messages survive a restart. Default false. */
  readonly persistence?: boolean;
  /** Further lines of its configuration file: `max_packet_size 2000`. */
  readonly lines?: readonly string[];
}

/** A mosquitto of the test. */
export interface Mosquitto {
  /** Of the process that runs; 0 when none does. */
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly running: boolean;
  /** Starts it again after `stop` or `kill`; resolves when it accepts connections. */
  start(): Promise<void>;
  /** Ends it in good order (SIGTERM), so that it writes what it keeps. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL). */
  kill(): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/**
 * Starts a mosquitto that lets anybody in, on 127.0.0.1.
 *
 * @throws Error when it is not installed, or does not accept connections within 5 s.
 */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  if (mosquittoPath === undefined) throw new Error("mosquitto is not installed: apt-get install mosquitto");
  const directory = await mkdtemp(join(tmpdir(), "holdfast-mosquitto-"));
  const port = options.port ?? (await freePort());
  const file = join(directory, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    ...(options.persistence === true
      ? ["persistence true", `persistence_location ${directory}/`, "autosave_interval 1"]
      : ["persistence false"]),
    // Started by root it would become another user, who cannot write here.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    ...(options.lines ?? []),
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const mosquitto = new RunningMosquitto(mosquittoPath, directory, file, port);
  await mosquitto.start();
  return mosquitto;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("a listening server has a port");
  return address.port;
}

class RunningMosquitto implements Mosquitto {
  readonly port: number;
  readonly #path: string;
  readonly #directory: string;
  readonly #file: string;
  #process: ChildProcess | undefined;
  #output = "";

  constructor(path: string, directory: string, file: string, port: number) {
    this.#path = path;
    this.#directory = directory;
    this.#file = file;
    this.port = port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    const child = spawn(this.#path, ["-c", this.#file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    child.stderr?.on("data", (bytes: Buffer) => {
      this.#output = (this.#output + bytes.toString()).slice(-4_000);
    });
    child.once("exit", () => {
      if (this.#process === child) this.#process = undefined;
    });
    await until(
      `mosquitto accepts connections on port ${this.port}`,
      async () => {
        if (this.#process !== child) throw new Error(`mosquitto ended: ${this.#output}`);
        return await accepts(this.port);
      },
      { withinMs: 5_000 },
    );
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.kill(signal);
    });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
