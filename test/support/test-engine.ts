/** An engine with an intake on a real store in a temporary directory, and a disk that obeys the test. */
import { decoders } from "../../src/codec-makers.ts";
import { SparkplugHost } from "../../src/codecs/sparkplug-host.ts";
import { AppError } from "../../src/core/errors.ts";
import { routesOfPresets } from "../../src/core/presets.ts";
import type { Commit, LogStore } from "../../src/core/log-store.ts";
import type { GatewayClock, Publication } from "../../src/core/ports.ts";
import type { DeadLetter, Effects, Settings } from "../../src/core/record.ts";
import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { addressOf } from "../../src/ingest/contested-topic.ts";
import { DecodePlans } from "../../src/ingest/decode-plans.ts";
import { DeadLetterReplay } from "../../src/ingest/dead-letter-replay.ts";
import { Intake } from "../../src/ingest/intake.ts";
import type { FoldState } from "../../src/core/fold/state.ts";
import { tryPayload } from "../../src/ingest/profile-trial.ts";
import type { TimeRepair } from "../../src/core/time/time-repair.ts";
import { parseRoutes, type RouteDefinition, type RouteTable } from "../../src/ingest/routes.ts";
import { ruleTools } from "../../src/rule-tools.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { quietLogger } from "./quiet-logger.ts";

/** A store whose commits can be held, or refused without being written. */
class ObedientStore implements LogStore {
  readonly real: Store;
  readonly committed: Commit[] = [];
  refuse = false;
  reopenRefusals = 0;
  #held: Promise<void> | undefined;

  constructor(real: Store) {
    this.real = real;
  }

  /** Makes commits wait; returns the way to let them go. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  get lastSeq(): number {
    return this.real.lastSeq;
  }

  async commit(commit: Commit): Promise<void> {
    await this.#held;
    if (this.refuse) throw new AppError("STORE_FAILED", "transient", "the disk refused");
    await this.real.commit(commit);
    const { changes = [], deadLetters } = commit;
    this.committed.push({ ...commit, deadLetters: [...deadLetters], changes: [...changes] });
  }

  async reopen(): Promise<void> {
    if (this.reopenRefusals > 0) {
      this.reopenRefusals -= 1;
      throw new AppError("STORE_FAILED", "transient", "the disk still refuses");
    }
    this.refuse = false;
    await this.real.reopen();
  }

  records(fromSeq: number): ReturnType<LogStore["records"]> {
    return this.real.records(fromSeq);
  }

  effectsDigest(effects: Effects): number {
    return this.real.effectsDigest(effects);
  }

  checkpoint(): ReturnType<LogStore["checkpoint"]> {
    return this.real.checkpoint();
  }

  series(): ReturnType<LogStore["series"]> {
    return this.real.series();
  }

  sessions(): ReturnType<LogStore["sessions"]> {
    return this.real.sessions();
  }

  head(stream: Parameters<LogStore["head"]>[0]): number {
    return this.real.head(stream);
  }
}

/** Time that passes only when the test says so. */
export class ManualClock implements GatewayClock {
  wallMs = 1_762_000_000_000;
  repair: TimeRepair | undefined = undefined;
  elapsedMs = 0;

  now(): number {
    return this.wallMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  synced(): boolean {
    return true;
  }

  begin(): void {
    // Its time is what the test says.
  }

  takeRepair(): TimeRepair | undefined {
    const { repair } = this;
    this.repair = undefined;
    return repair;
  }

  pass(durationMs: number): void {
    this.wallMs += durationMs;
    this.elapsedMs += durationMs;
  }
}

/** One publication of a test, with what became of it. */
export interface Sent {
  /** `waiting` until the engine has decided. */
  outcome: "waiting" | "committed" | "refused";
  readonly decided: Promise<void>;
}

export interface TestEngine {
  readonly engine: Engine;
  readonly intake: Intake;
  readonly store: ObedientStore;
  readonly clock: ManualClock;
  readonly effects: Effects[];
  readonly deadLetters: DeadLetter[];
  readonly replay: DeadLetterReplay;
  /** Puts other routes in force. */
  route(routes: readonly RouteDefinition[]): void;
  /** Hands a publication over; QoS 1 unless the part says otherwise. */
  send(topic: string, payload: string | Uint8Array, part?: Partial<Publication>): Sent;
  /** Ends it in order, and keeps the directory. */
  stop(): Promise<void>;
}

export interface TestEngineOptions {
  readonly refuse?: boolean;
  readonly commitDelayMs?: number | undefined;
  readonly clock?: ManualClock;
  readonly onRebuilt?: () => Promise<void>;
  readonly onRefused?: () => void;
  readonly accept?: (state: FoldState) => void;
}

/** Opens an engine on the store of a directory. */
export async function openTestEngine(
  directory: string,
  settings: Settings,
  boot = "boot-1",
  options: TestEngineOptions = {},
): Promise<TestEngine> {
  const store = new ObedientStore(await openStore({ directory, durability: "sync", logger: quietLogger }));
  store.refuse = options.refuse === true;
  const clock = options.clock ?? new ManualClock();
  const sparkplug = new SparkplugHost();
  const plans = new DecodePlans(tableOf([]), decoders(sparkplug));
  let started: Engine | undefined;
  const effects: Effects[] = [];
  const deadLetters: DeadLetter[] = [];
  const engine = await openEngine({
    store,
    clock,
    logger: quietLogger,
    boot,
    version: "test",
    settings,
    tools: ruleTools,
    commitDelayMs: options.commitDelayMs ?? 0,
    onCommitted: (one, letters) => {
      effects.push(one);
      deadLetters.push(...letters);
    },
    onRetired: () => undefined,
    onRefused: () => options.onRefused?.(),
    accept: (state) => options.accept?.(state),
    onRebuilt: async () => {
      plans.clear();
      await options.onRebuilt?.();
      if (started !== undefined) sparkplug.nodes.restore(started.state.catalogue.births());
    },
  });
  started = engine;
  sparkplug.nodes.restore(engine.state.catalogue.births());
  const intake = new Intake({
    source: engine,
    clock,
    resolveSeries: engine.resolveSeries,
    planOf: (publication) => plans.planOf(publication),
  });
  const replay = new DeadLetterReplay({
    letters: () => store.real.deadLetters(1_000),
    replay: (letter, receipt) => intake.replay(letter, receipt),
    attempt: (letter) => tryPayload(plans.trialPlanOf(addressOf(letter)), letter.bytes, letter.at).rejection,
  });
  return {
    engine,
    intake,
    store,
    clock,
    effects,
    deadLetters,
    replay,
    route: (definitions) => plans.replaceRoutes(tableOf(definitions)),
    send: (topic, payload, part) => send(intake, topic, payload, part),
    async stop() {
      await engine.close();
      await store.real.close();
    },
  };
}

function tableOf(definitions: readonly RouteDefinition[]): RouteTable {
  const routes = parseRoutes(definitions, { presets: routesOfPresets([{ name: "sparkplug" }]) });
  if (!routes.ok) throw new Error("the routes are not valid");
  return routes.value;
}

function send(
  intake: Intake,
  topic: string,
  payload: string | Uint8Array,
  part: Partial<Publication> = {},
): Sent {
  const bytes = Buffer.from(payload);
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent: Sent = { outcome: "waiting", decided: promise };
  const decide = (outcome: "committed" | "refused") => (): void => {
    sent.outcome = outcome;
    resolve();
  };
  const receipt = { committed: decide("committed"), refused: decide("refused") };
  intake.accept({
    clientId: "client-1",
    topic,
    bytes,
    start: 0,
    end: bytes.length,
    missingBytes: 0,
    qos: 1,
    retain: false,
    resent: false,
    fromMemory: false,
    packetId: 1,
    receipt: part.qos === 0 ? undefined : receipt,
    ...part,
  });
  return sent;
}
