/** What attackers do to everybody else: storms of connections, floods, guesses. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { generate } from "mqtt-packet";
import { hashPassword, verifyPassword, decoyPassword } from "../../src/access/password.ts";
import { record } from "./history.ts";
import { runLoad } from "./load.ts";
import { type HoldfastPeer, startHoldfast } from "./peers.ts";
import { end, startAttacker } from "./strangers.ts";

const password = "correct horse";

interface Caller {
  readonly clientId: string;
  readonly username?: string;
}

/** Connects, and resolves with the code of its CONNACK after so many milliseconds; -1 when it is cut. */
function logIn(port: number, { clientId, username }: Caller): Promise<{ code: number; afterMs: number }> {
  const startedMs = performance.now();
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const credentials = username === undefined ? {} : { username, password: Buffer.from(password) };
  const fixed = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
  } as const;
  socket.write(generate({ ...fixed, clientId, ...credentials }));
  return new Promise((resolve) => {
    const answer = (code: number): void => {
      socket.destroy();
      resolve({ code, afterMs: performance.now() - startedMs });
    };
    socket.once("data", (bytes) => answer(bytes[3] ?? -1));
    socket.once("error", () => answer(-1));
    socket.once("close", () => answer(-1));
  });
}

/** Has a thousand clients connect at once. @returns When the last was let in, and how many were not. */
async function storm(
  port: number,
  usernameOf?: (index: number) => string,
): Promise<readonly [number, number]> {
  const startedMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => {
      const clientId = `storm-${index}`;
      return logIn(port, usernameOf === undefined ? { clientId } : { clientId, username: usernameOf(index) });
    }),
  );
  return [performance.now() - startedMs, answers.filter(({ code }) => code !== 0).length];
}

const users = 60;

let written: Promise<string> | undefined;

/** A users file; each user's hash has a salt of its own. */
async function usersFileText(): Promise<string> {
  const entries: Record<string, object> = {};
  for (let index = 0; index < users; index += 1) {
    entries[`user-${index}`] = { password: await hashPassword(password), roles: ["all"] };
  }
  return JSON.stringify({ roles: { all: { publish: ["#"], subscribe: ["#"] } }, users: entries });
}

/** A gateway with users, all of them with the same password; who has none is anonymous. */
async function withUsers(program: string, work: (peer: HoldfastPeer) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-guesses-"));
  const usersFile = join(directory, "users.json");
  written ??= usersFileText();
  await writeFile(usersFile, await written, { mode: 0o600 });
  const peer = await startHoldfast({ program, directory, rules: [], access: { usersFile, anonymous: true } });
  try {
    await work(peer);
  } finally {
    await peer.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureStorm(program: string): Promise<void> {
  await withUsers(program, async ({ port }) => {
    const cases = [
      ["without-password", undefined],
      ["one-user", () => "user-0"],
      // For the first time since the start, each of them costs a check.
      ["30-users-first", (index: number) => `user-${1 + (index % 30)}`],
      ["30-users-again", (index: number) => `user-${1 + (index % 30)}`],
    ] as const;
    for (const [name, usernameOf] of cases) {
      const [lastMs, refused] = await storm(port, usernameOf);
      await record({
        metric: `connect-1000-ms-${name}`,
        value: lastMs,
        target: "<= 1000 on this machine, all served",
        detail: { refused },
      });
      // What one address may begin at once is there again: see `connectsOfOneBurstMax`.
      await new Promise((resolve) => setTimeout(resolve, 4_500));
    }
  });
}

async function measureFairShare(program: string): Promise<void> {
  for (const [kind, count] of [
    ["", 0],
    ["flood-1", 1],
    ["flood-1", 8],
    ["flood-0", 1],
    ["flood-0", 8],
  ] as const) {
    const peer = await startHoldfast({ program, rules: [] });
    const attacker = kind === "" ? undefined : await startAttacker({ port: peer.port, kind, count });
    const load = await runLoad({ port: peer.port, clients: 50, inFlight: 5, seconds: 5, rate: 500 });
    if (attacker !== undefined) await end(attacker);
    await peer.stop();
    await record({
      metric: `puback-ms-p99-beside-${kind === "" ? "nobody" : `${count}-${kind}`}`,
      value: load.latencyMsP99,
      target: "bounded",
      detail: { p50: load.latencyMsP50, perSecond: load.pubackPerSecond },
    });
  }
}

async function measureGuessing(program: string): Promise<void> {
  const cases = ["", "guess", "guess-names"] as const;
  for (const kind of cases) {
    await withUsers(program, async ({ port }) => {
      // It was let in before, as sensors were: and one that never was.
      await logIn(port, { clientId: "known", username: "user-1" });
      const attacker = kind === "" ? undefined : await startAttacker({ port, kind, user: "user-0" });
      const loading = runLoad({ port, clients: 50, inFlight: 5, seconds: 8, rate: 1_000 });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const logins: Record<string, string> = {};
      for (const username of ["user-1", "user-51", "user-52"]) {
        const { code, afterMs } = await logIn(port, { clientId: username, username });
        logins[username] = `${code} in ${afterMs.toFixed(0)} ms`;
      }
      const load = await loading;
      if (attacker !== undefined) await end(attacker);
      await record({
        metric: `puback-ms-p99-beside-${kind === "" ? "no" : "1000"}-${kind === "" ? "guesses" : kind}`,
        value: load.latencyMsP99,
        target: "<= 2 × without",
        detail: { p50: load.latencyMsP50, perSecond: load.pubackPerSecond, logins },
      });
    });
  }
}

/** The work for a user that there is beside that for a name that is none, in alternating rounds. */
async function measureUnknownUser(rounds: number): Promise<void> {
  const kept = await hashPassword(password);
  const wrong = Buffer.from("wrong");
  const sums = { known: 0, unknown: 0 };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, hash] of [
      ["known", kept],
      ["unknown", decoyPassword],
    ] as const) {
      // Work, not time: what else the machine does is not asked about.
      const before = process.cpuUsage();
      await verifyPassword(hash, wrong);
      const { user, system } = process.cpuUsage(before);
      sums[name] += (user + system) / 1_000;
    }
  }
  await record({
    metric: "password-check-unknown-by-known",
    value: sums.unknown / sums.known,
    target: "0.95 to 1.05",
    detail: { rounds, knownMs: sums.known / rounds, unknownMs: sums.unknown / rounds },
  });
}

export async function measureOverload({ program }: { readonly program: string }): Promise<void> {
  await measureStorm(program);
  await measureFairShare(program);
  await measureGuessing(program);
  await measureUnknownUser(250);
}
