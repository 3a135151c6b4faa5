/**
 * The composition root: builds every part of a running gateway, and starts and stops them in order.
 *
 * Nothing else knows more than one part. Starting goes from the inside out (store, engine, broker,
 * upstreams, api), so that whoever can reach a part finds everything behind it; stopping goes the other
 * way, so that what was taken in is written before the store closes.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { Access } from "./access/access.ts";
import { type ApiServer, openApiServer } from "./api/server.ts";
import type { Bridge } from "./bridge/bridge-contract.ts";
import { openBridge } from "./bridge/bridge.ts";
import { type Broker, openBroker, type SessionStorage } from "./broker/broker.ts";
import { decoders } from "./codec-makers.ts";
import { namedAvailabilityPlan } from "./codecs/named-availability.ts";
import { hostStateMessage, rebirthCommand } from "./codecs/sparkplug-command.ts";
import { SparkplugHost } from "./codecs/sparkplug-host.ts";
import type { BridgeConfig, Config, UpstreamConfig } from "./config/config.ts";
import { editUsersFile } from "./config/users-file.ts";
import { loadUsers } from "./config/users.ts";
import { AppError, failed, invariant, messageOf, ok, type Problem, type Result } from "./core/errors.ts";
import type { AccessDefinition } from "./core/access/definition.ts";
import type { UsersEditor } from "./core/access/enrolment.ts";
import { alertMessage, deadLetterMessage, statusMessage, summaryMessage } from "./core/local-topics.ts";
import { deadLettersMax, decodePlansMax } from "./core/limits.ts";
import { type MqttLinkKind, parseMqttUrl, type TlsMaterial } from "./core/mqtt-address.ts";
import type { DeadLetterReplayer, GatewayClock, Logger, PublicationSink } from "./core/ports.ts";
import {
  type BridgeStatus,
  type GatewayStatus,
  ledgerOf,
  positionOf,
  type ReadModel,
  type SampleAnswer,
  type SampleQuery,
  sampleRecordsMax,
  type StreamFacts,
  type UpstreamStatus,
} from "./core/read-model.ts";
import type { DeadLetter, Effects, NumberedDeadLetter, Settings } from "./core/record.ts";
import { deviceViews } from "./core/device-view.ts";
import type { DeviceDescription } from "./core/device.ts";
import type { RuleDefinition } from "./core/rule/definition.ts";
import type { SeriesDefinition, SeriesId } from "./core/sample.ts";
import { routesOfPresets } from "./core/presets.ts";
import type { DeviceProfile } from "./core/profile.ts";
import { schemaOf } from "./core/schema.ts";
import { expectKeptSchemas, schemaProblems } from "./core/schema-gate.ts";
import { streamNames } from "./core/streams.ts";
import { type Engine, openEngine } from "./engine/engine.ts";
import { isWanted, type ReplayReport, type ReplayRequest } from "./core/dead-letter-replay.ts";
import { Calibrations } from "./ingest/calibrations.ts";
import { DeadLetterReplay, type LetterChoice } from "./ingest/dead-letter-replay.ts";
import { addressOf } from "./ingest/contested-topic.ts";
import { DecodePlans } from "./ingest/decode-plans.ts";
import { NamedTopics } from "./ingest/named-topics.ts";
import { Intake } from "./ingest/intake.ts";
import { tryPayload } from "./ingest/profile-trial.ts";
import { parseRoutes } from "./ingest/routes.ts";
import { ruleTools } from "./rule-tools.ts";
import { MemoryWatch } from "./ops/memory-watch.ts";
import { openMetrics } from "./ops/metrics.ts";
import { openStore, type Store } from "./store/store.ts";
import type { Forwarder } from "./upstream/forwarder-contract.ts";
import { openForwarder } from "./upstream/forwarder.ts";
import { TenantSource } from "./upstream/tenant-source.ts";
import { openMqttTransport } from "./upstream/mqtt-transport.ts";

export interface GatewayOptions {
  readonly config: Config;
  readonly rules: readonly RuleDefinition[];
  /** What is known of the models of devices. */
  readonly profiles: readonly DeviceProfile[];
  /** Who may do what; without it, whoever a listener lets in may do everything. */
  readonly access?: AccessDefinition | undefined;
  readonly logger: Logger;
  readonly clock: GatewayClock;
  /** From `[0, 1)`, evenly distributed. */
  readonly random: () => number;
  readonly version: string;
  /** Takes profiles although they give a known metric another unit or type. Default: refuse them. */
  readonly force?: boolean;
}

/** What a gateway can take into use while it serves. */
export type Reloadable = Pick<GatewayOptions, "config" | "rules" | "profiles" | "access">;

/** A gateway that serves. */
export interface Gateway {
  readonly listeners: readonly { readonly protocol: string; readonly host: string; readonly port: number }[];
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly readModel: ReadModel;
  /**
   * Puts other rules, routes and rollups in force, all or nothing.
   *
   * @returns A problem `RELOAD_NEEDS_RESTART` for everything else that differs; then nothing has changed.
   */
  reload(next: Reloadable): Promise<Result<void>>;
  /**
   * Reads the users file again, and puts it in force, also for clients that are connected.
   *
   * @returns What is wrong with it; then what was in force stays.
   */
  reloadAccess(): Promise<Result<void>>;
  /**
   * Reads certificates and lists of revoked ones again; connections stay, but those of revoked certificates.
   *
   * @throws AppError `BROKER_TLS`: that listener then goes on with what it had.
   */
  reloadCertificates(): Promise<void>;
  /** Stops accepting, writes what it holds, and closes. */
  close(): Promise<void>;
}

/** How far back samples are given when nothing else is asked for. */
const samplesForMs = 3_600_000;

/** How often the retained status message is renewed. */
const statusEveryMs = 30_000;

/**
 * Opens a gateway; resolves when it serves.
 *
 * @throws AppError of whichever part cannot open (`STORE_LOCKED`, a port that is taken); everything opened
 *   before it is closed again.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const running = new RunningGateway(options);
  try {
    await running.open();
  } catch (error) {
    // Why it could not open is what matters, not that closing the rest failed too.
    await running.close().catch(() => undefined);
    throw error;
  }
  return running;
}

class RunningGateway implements Gateway, ReadModel, DeadLetterReplayer {
  #config: Config;
  #profiles: readonly DeviceProfile[];
  readonly #options: GatewayOptions;
  readonly #startedAt: number;
  readonly #startedMs: number;
  readonly #metrics = openMetrics();
  readonly #sparkplug: SparkplugHost;
  readonly #plans: DecodePlans;
  readonly #calibrations: Calibrations;
  readonly #forwarders: Forwarder[] = [];
  readonly #bridges: Bridge[] = [];
  #store: Store | undefined;
  #engine: Engine | undefined;
  #broker: Broker | undefined;
  #replay: DeadLetterReplay | undefined;
  #api: ApiServer | undefined;
  readonly #access: Access | undefined;
  readonly #usersEditor: UsersEditor | undefined;
  #accessInForce: string;
  /** Readings and changes of the users file, one after the other: what is put in force last is what it says. */
  #usersTurn: Promise<unknown> = Promise.resolve();
  #statusTimer: NodeJS.Timeout | undefined;
  #memory: MemoryWatch | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#profiles = options.profiles;
    this.#startedAt = options.clock.now();
    this.#startedMs = options.clock.monotonicMs();
    const { access: definition, clock, random } = options;
    const { usersFile } = options.config.access;
    this.#accessInForce = JSON.stringify(definition ?? null);
    this.#usersEditor = usersFile === undefined ? undefined : this.#editorOf(usersFile);
    this.#access =
      definition === undefined
        ? undefined
        : new Access({ definition, clock, random, logger: options.logger, editor: this.#usersEditor });
    this.#sparkplug = this.#openSparkplug();
    this.#plans = new DecodePlans(
      routesOf(options.config, options.profiles),
      decoders(this.#sparkplug),
      decodePlansMax,
      { topics: new NamedTopics(() => this.#engine?.state.catalogue), make: namedAvailabilityPlan },
    );
    this.#calibrations = new Calibrations(settingsOf(options).devices);
  }

  async open(): Promise<void> {
    const { logger, clock, version } = this.#options;
    const config = this.#config;
    await mkdir(config.dataDir, { recursive: true });
    const store = await openStore({
      directory: config.dataDir,
      durability: config.store.durability,
      logger,
    });
    this.#store = store;
    let lastAlive: SessionStorage["lastAlive"] = { runningMs: 0, wallMs: 0, synced: false };
    const engine = await openEngine({
      store,
      clock,
      logger,
      version,
      boot: randomUUID(),
      settings: settingsOf({ ...this.#options, config }),
      tools: ruleTools,
      tenants: this.#access?.tenants,
      commitDelayMs: config.store.commitDelayMs,
      onCommitted: (effects, deadLetters) => this.#publish(effects, deadLetters),
      onRebuilt: async () => {
        this.#plans.clear();
        await this.#broker?.restoreSessions();
        this.#calibrations.clear();
        this.#restoreSparkplug();
        this.#publishBoard();
      },
      onRefused: () => this.#broker?.suspendSessions(),
      onRetired: () => this.#plans.clear(),
      accept: (state) => {
        lastAlive = { runningMs: state.runningMsAt(0), wallMs: state.lastAt, synced: state.lastSynced };
        expectKeptSchemas(state.schemas, this.#options);
      },
    });
    this.#engine = engine;
    this.#restoreSparkplug();
    logger.info({ event: "recovered", ...engine.report, logSeq: store.lastSeq }, "The state is recovered.");
    const intake = new Intake({
      source: engine,
      clock,
      resolveSeries: engine.resolveSeries,
      planOf: (message) => this.#plans.planOf(message),
      noted: (fact) => this.#plans.noted(fact),
      calibrations: this.#calibrations,
    });
    this.#replay = new DeadLetterReplay({
      letters: async () => {
        // A letter may wait for the disk while what makes it readable has come: an edge node answers within a commit.
        await engine.caughtUp();
        return await store.deadLetters(deadLettersMax);
      },
      replay: (letter, receipt) => intake.replay(letter, receipt),
      attempt: (letter) =>
        tryPayload(this.#plans.trialPlanOf(addressOf(letter)), letter.bytes, letter.at).rejection,
    });
    this.#broker = await openBroker({
      listeners: config.listeners,
      sink: intake,
      logger,
      clock,
      ownTopicPrefix: config.ownTopicPrefix,
      sessions: {
        journal: engine.journal,
        entries: () => store.sessions(),
        runningMs: () => engine.state.runningMsAt(clock.monotonicMs()),
        lastAlive,
      },
      queueBounds: {
        messagesMax: config.sessions.queueMessagesMax,
        bytesMax: config.sessions.queueBytesMax,
      },
      gatekeeper: this.#access?.gatekeeper,
      tenants: this.#access?.tenants,
    });
    const memory = this.#watchMemory(engine, this.#broker);
    this.#publishBoard();
    this.#publishHostState(true);
    for (const upstream of config.upstreams) {
      this.#forwarders.push(this.#forward(store, upstream, await tlsMaterial(upstream, "upstream")));
    }
    for (const bridge of config.ingest.bridges) {
      this.#bridges.push(this.#bridge(intake, bridge, await tlsMaterial(bridge, "bridge")));
    }
    const parts = [
      store,
      engine,
      this.#broker,
      memory,
      this.#sparkplug,
      ...this.#forwarders,
      ...this.#bridges,
    ];
    for (const part of parts) this.#metrics.add(part.metrics);
    if (this.#access !== undefined) {
      this.#metrics.add(this.#access.enrolment.metrics);
      this.#metrics.add(this.#access.tenants.metrics);
    }
    if (config.http.enabled) {
      this.#api = await openApiServer({
        host: config.http.host,
        port: config.http.port,
        readModel: this,
        commander: engine,
        replayer: this,
        scrape: () => this.#metrics.scrape(),
        logger,
        access: this.#access,
        enroller: this.#access?.enrolment,
        version,
      });
    }
    this.#publishStatus();
    this.#statusTimer = setInterval(() => this.#publishStatus(), statusEveryMs);
    this.#statusTimer.unref();
  }

  get listeners(): Gateway["listeners"] {
    return this.#broker?.listeners ?? [];
  }

  get http(): Gateway["http"] {
    return this.#api === undefined ? undefined : { host: this.#api.host, port: this.#api.port };
  }

  get readModel(): ReadModel {
    return this;
  }

  async reload(next: Reloadable): Promise<Result<void>> {
    const problems = restartProblems(this.#config, next.config);
    if (problems.length > 0) return failed(problems);
    invariant(this.#engine !== undefined, "a gateway is reloaded while it serves");
    const broken = this.#options.force ? [] : schemaProblems(this.#engine.state.schemas, next.profiles);
    if (broken.length > 0) return failed(broken);
    const settings = settingsOf(next);
    const isOtherHost = next.config.ingest.sparkplug.hostId !== this.#config.ingest.sparkplug.hostId;
    await this.#engine.apply(settings, () => {
      if (isOtherHost) this.#publishHostState(false);
      this.#config = next.config;
      if (isOtherHost) this.#publishHostState(true);
      this.#profiles = next.profiles;
      this.#plans.replaceRoutes(routesOf(next.config, next.profiles));
      this.#calibrations.replace(settings.devices);
    });
    // Not what was loaded before rules were tested: a device may have been enrolled meanwhile.
    // With a mistake in it by now, what is in force stays, and whoever watches the file tells.
    await this.reloadAccess();
    return ok(undefined);
  }

  async reloadAccess(): Promise<Result<void>> {
    const { access, ownTopicPrefix } = this.#config;
    const { usersFile } = access;
    if (usersFile === undefined) return ok(undefined);
    return await this.#inUsersTurn(async () => {
      const loaded = await loadUsers(usersFile, { ownTopicPrefix });
      if (!loaded.ok) return failed(loaded.problems);
      this.#replaceAccess(loaded.value);
      return ok(undefined);
    });
  }

  /** After an enrolment the file is found changed once more, and says the same. */
  #replaceAccess(access: AccessDefinition): void {
    const written = JSON.stringify(access);
    if (written === this.#accessInForce) return;
    this.#accessInForce = written;
    this.#access?.replace(access);
    this.#broker?.reviewAccess();
  }

  #editorOf(usersFile: string): UsersEditor {
    const { logger } = this.#options;
    return {
      edit: (makeEdits) =>
        this.#inUsersTurn(async () => {
          try {
            const { ownTopicPrefix } = this.#config;
            const edited = await editUsersFile(usersFile, { ownTopicPrefix }, makeEdits);
            if (!edited.ok) return failed(edited.problems);
            this.#replaceAccess(edited.value);
            return ok(undefined);
          } catch (error) {
            const fields = { event: "users-not-written", error: messageOf(error) };
            logger.error(fields, "The users file could not be changed; nobody was enrolled.");
            throw error;
          }
        }),
    };
  }

  #inUsersTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#usersTurn.then(work);
    this.#usersTurn = done.catch(() => undefined);
    return done;
  }

  async reloadCertificates(): Promise<void> {
    await this.#broker?.reloadCertificates();
  }

  async close(): Promise<void> {
    clearInterval(this.#statusTimer);
    this.#memory?.close();
    this.#broker?.publish(statusMessage(this.#config.ownTopicPrefix, { state: "offline" }));
    this.#publishHostState(false);
    const steps: (() => Promise<void> | undefined)[] = [
      () => this.#api?.close(),
      () => this.#broker?.stopAccepting(),
      () => {
        for (const bridge of this.#bridges) bridge.stopReading();
        return undefined;
      },
      () => this.#engine?.close(),
      ...this.#bridges.map((bridge) => () => bridge.close()),
      () => this.#broker?.close(),
      ...this.#forwarders.map((forwarder) => () => forwarder.close()),
      () => this.#store?.close(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        // What comes after it has to be closed all the same.
        failures.push(error);
      }
    }
    this.#metrics.close();
    if (failures.length > 0) throw failures[0];
  }

  #forward(store: Store, upstream: UpstreamConfig, tls: TlsMaterial): Forwarder {
    const { logger, clock, random } = this.#options;
    const { name, url, streams, format, username, password, tenant } = upstream;
    const gateway = this.#config.gateway.id;
    return openForwarder({
      name,
      gateway,
      streams,
      source: tenant === undefined ? store : new TenantSource(store, tenant),
      transport: openMqttTransport({
        url,
        gateway,
        clientId: `holdfast-${gateway}-${name}`,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        tls,
      }),
      clock,
      logger,
      random,
      format,
    });
  }

  #bridge(sink: PublicationSink, bridge: BridgeConfig, tls: TlsMaterial): Bridge {
    const { logger, clock, random } = this.#options;
    const { url, prefix = "", ca: _ca, cert: _cert, key: _key, ...rest } = bridge;
    return openBridge({
      ...rest,
      address: parseMqttUrl(url, "bridge"),
      tls,
      prefix,
      sink,
      ownListeners: () => this.listeners,
      clock,
      logger,
      random,
    });
  }

  #openSparkplug(): SparkplugHost {
    const { clock, logger } = this.#options;
    return new SparkplugHost({
      monotonicMs: () => clock.monotonicMs(),
      requestRebirth: ({ group, node, topic, clientId }) => {
        const command = rebirthCommand(topic, clock.now());
        const far = this.#bridges.find((bridge) => bridge.clientId === clientId);
        if (far === undefined) this.#broker?.publish(command);
        else far.publish(this.#topicThere(far, command.topic), command.payload);
        const message = "A Sparkplug edge node is asked for its birth certificates.";
        logger.info({ event: "rebirth-requested", group, node, client: clientId }, message);
      },
      onReborn: (reborn) => {
        const message = "A Sparkplug edge node has sent the birth certificates that it was asked for.";
        logger.info({ event: "reborn", ...reborn }, message);
        const { dataTopic, since } = reborn;
        const wants: LetterChoice["wants"] = ({ cause, topic, at }) =>
          cause === "awaiting-birth" && topic === dataTopic && at >= since;
        // What cannot be written now is still kept, and the log has told of the store.
        void this.#replayLetters({ wants, dryRun: false }).catch(() => undefined);
      },
    });
  }

  /** A topic as it is at the far end of a bridge, without the prefix that it has here. */
  #topicThere({ clientId }: Bridge, topic: string): string {
    const config = this.#config.ingest.bridges.find(({ name }) => `bridge:${name}` === clientId);
    return config?.prefix === undefined ? topic : topic.slice(config.prefix.length + 1);
  }

  /** Edge nodes are known as far as the log tells of them. */
  #restoreSparkplug(): void {
    if (this.#engine !== undefined) this.#sparkplug.nodes.restore(this.#engine.state.catalogue.births());
  }

  /** Tells Sparkplug edge nodes whether their host is there, where this gateway is one. */
  #publishHostState(online: boolean): void {
    const { hostId } = this.#config.ingest.sparkplug;
    if (hostId === undefined) return;
    this.#broker?.publish(hostStateMessage(hostId, online, this.#options.clock.now()));
  }

  /** Has less be taken in while memory is short. */
  #watchMemory(engine: Engine, broker: Broker): MemoryWatch {
    this.#memory = new MemoryWatch({
      logger: this.#options.logger,
      ceilingBytes: this.#config.memory.ceilingBytes,
      onChange: (pressure) => {
        engine.memoryIsTight = pressure !== "none";
        broker.onMemoryPressure(pressure);
        this.#publishStatus();
      },
    });
    return this.#memory;
  }

  /** Tells the local broker what has become durable. */
  #publish(effects: Effects, deadLetters: readonly DeadLetter[]): void {
    const broker = this.#broker;
    if (broker === undefined) return;
    const { ownTopicPrefix, publishSummaries } = this.#config;
    for (const record of effects.alerts) {
      // What is found out about the past is not how the alert stands.
      if (!record.historical) broker.publish(alertMessage(ownTopicPrefix, record));
    }
    for (const action of effects.actions) broker.publish(action);
    for (const letter of deadLetters) broker.publish(deadLetterMessage(ownTopicPrefix, letter));
    if (!publishSummaries) return;
    for (const record of effects.summaries) broker.publish(summaryMessage(ownTopicPrefix, record));
  }

  /** Tells the local broker where every alert stands: it may have missed changes. */
  #publishBoard(): void {
    for (const record of this.alerts()) {
      this.#broker?.publish(alertMessage(this.#config.ownTopicPrefix, record));
    }
  }

  #publishStatus(): void {
    const { state, version, uptimeMs, backlog, clock, memory } = this.status();
    const message = { state, version, uptimeMs, backlog, clock, memory };
    this.#broker?.publish(statusMessage(this.#config.ownTopicPrefix, message));
  }

  readiness(): ReturnType<ReadModel["readiness"]> {
    const writing = this.#engine?.accepting === true;
    return {
      broker: { ready: this.#broker !== undefined, detail: "" },
      store: { ready: writing, detail: writing ? "" : "The store cannot write." },
      rules: { ready: this.#engine !== undefined, detail: "" },
    };
  }

  status(): GatewayStatus {
    const { clock, version } = this.#options;
    const engine = this.#engine;
    const memory = this.#memory?.pressure ?? "none";
    const backlog = this.upstreams().map(({ name, streams }) => [
      name,
      Object.values(streams).reduce((total, { pending }) => total + pending, 0),
    ]);
    return {
      gateway: this.#config.gateway.id,
      version,
      state: engine?.accepting === true && memory !== "critical" ? "running" : "degraded",
      memory,
      startedAt: this.#startedAt,
      uptimeMs: Math.round(clock.monotonicMs() - this.#startedMs),
      clock: clock.synced() ? "synced" : "unsynced",
      listeners: this.listeners,
      connections: this.#broker?.connections ?? 0,
      series: engine?.seriesCount ?? 0,
      rules: this.rules().length,
      firing: engine?.alerts.count("firing") ?? 0,
      logSeq: this.#store?.lastSeq ?? 0,
      backlog: Object.fromEntries(backlog),
    };
  }

  ledger(): ReturnType<ReadModel["ledger"]> {
    invariant(this.#engine !== undefined, "the books are read while the gateway serves");
    return ledgerOf(this.#engine.books, this.#streamFacts());
  }

  alerts(): ReturnType<ReadModel["alerts"]> {
    return this.#engine?.alerts.records() ?? [];
  }

  rules(): ReturnType<ReadModel["rules"]> {
    return this.#engine?.settings.rules ?? [];
  }

  devices(only?: string): ReturnType<ReadModel["devices"]> {
    if (this.#engine === undefined) return [];
    const { state } = this.#engine;
    const profiles = new Map(this.#profiles.map((profile) => [profile.id, profile]));
    return deviceViews({
      series: state.series(),
      catalogue: state.catalogue,
      ...(only === undefined ? {} : { only }),
      runningMs: state.runningMsAt(this.#options.clock.monotonicMs()),
      profileOf: (id) => profiles.get(id),
    });
  }

  topics(): ReturnType<ReadModel["topics"]> {
    return this.#plans.codecs();
  }

  schemas(): ReturnType<ReadModel["schemas"]> {
    return this.#engine?.state.schemas.all() ?? [];
  }

  async replayDeadLetters(request: ReplayRequest): Promise<ReplayReport> {
    return await this.#replayLetters({
      wants: (letter) => isWanted(request, letter),
      dryRun: request.dryRun,
    });
  }

  /** Decodes kept dead letters again: those that people ask for, and those that have become readable by themselves. */
  async #replayLetters(choice: LetterChoice): Promise<ReplayReport> {
    invariant(this.#replay !== undefined, "dead letters are replayed while the gateway serves");
    const report = await this.#replay.run(choice);
    const { dryRun, examined, recovered, cut } = report;
    if (!dryRun) {
      const fields = { event: "dead-letters-replayed", examined, recovered, cut };
      this.#options.logger.info(fields, "Dead letters were decoded again.");
    }
    return report;
  }

  async deadLetters(limit: number): Promise<readonly NumberedDeadLetter[]> {
    return (await this.#store?.deadLetters(limit)) ?? [];
  }

  async samples(query: SampleQuery): Promise<SampleAnswer> {
    const store = this.#store;
    const engine = this.#engine;
    invariant(store !== undefined && engine !== undefined, "samples are read while the gateway serves");
    const { device, metric, limit, to = this.#options.clock.now(), from = to - samplesForMs } = query;
    const series = new Map<SeriesId, SeriesDefinition>();
    let deviceIsKnown = false;
    for await (const definition of store.series()) {
      if (definition.device !== device) continue;
      deviceIsKnown = true;
      if (metric === undefined || definition.metric === metric) series.set(definition.id, definition);
    }
    if (series.size === 0) return { unknown: deviceIsKnown ? "metric" : "device" };
    const movedMs = engine.repairedBy.bind(engine);
    const wanted = { series: new Set(series.keys()), from, to, limit, recordsMax: sampleRecordsMax, movedMs };
    const { samples, truncated } = await store.samples(wanted);
    const { schemas, catalogue } = engine.state;
    const named = samples.map(({ series: id, seq, at, value, ...more }) => {
      const definition = series.get(id)!;
      const { metric: name, profile, unit = catalogue.unitOf(definition) } = definition;
      const version = profile === undefined ? undefined : schemas.versionAt(profile, seq);
      return {
        device,
        metric: name,
        at,
        value,
        ...(unit === undefined ? {} : { unit }),
        ...(version === undefined ? {} : { profile: `${profile}@${version}` }),
        ...more,
      };
    });
    return { samples: named, truncated };
  }

  upstreams(): readonly UpstreamStatus[] {
    const facts = new Map(this.#streamFacts().map((stream) => [stream.name, stream]));
    return this.#forwarders.map((forwarder) => {
      const { name, url, state, lastError, streams } = forwarder.report();
      const positions = streamNames.flatMap((stream) => {
        const known = facts.get(stream);
        const upstream = known?.upstreams.find((one) => one.name === name);
        if (streams[stream] === undefined || known === undefined || upstream === undefined) return [];
        return [[stream, positionOf(known, upstream)] as const];
      });
      return {
        name,
        url,
        connected: state === "up",
        state,
        detail: state === "up" ? "" : (lastError?.message ?? ""),
        streams: Object.fromEntries(positions),
      };
    });
  }

  bridges(): readonly BridgeStatus[] {
    return this.#bridges.map((bridge) => bridge.status());
  }

  #streamFacts(): readonly StreamFacts[] {
    const store = this.#store;
    if (store === undefined) return [];
    return streamNames.map((name) => ({
      name,
      head: store.head(name),
      first: store.first(name),
      upstreams: this.#config.upstreams
        .filter(({ streams }) => streams.includes(name))
        .map((upstream) => ({ name: upstream.name, cursor: store.cursor(upstream.name, name), skipped: 0 })),
    }));
  }
}

async function readPem(path: string, kind: MqttLinkKind): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const hint = "check the path and that the gateway's user may read it";
    const code = kind === "upstream" ? "UPSTREAM_TLS_FILE" : "BRIDGE_TLS_FILE";
    throw new AppError(code, "operator", `cannot read ${path}`, { hint, cause });
  }
}

/** Reads the PEM files that an upstream or a bridge names. */
async function tlsMaterial(
  { ca, cert, key }: UpstreamConfig | BridgeConfig,
  kind: MqttLinkKind,
): Promise<TlsMaterial> {
  const files = Object.entries({ ca, cert, key }).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(
    await Promise.all(files.map(async ([name, path]) => [name, await readPem(path ?? "", kind)])),
  );
}

function settingsOf({ config, rules, profiles }: Reloadable): Settings {
  const { devices } = config.ingest;
  // What is said about the gateway holds for all its devices, unless something nearer says otherwise.
  const everywhere: DeviceDescription = { match: ["*"], tags: config.gateway.tags, parameters: {} };
  // What somebody says about a device stands above what its model says.
  const described = [everywhere, ...profiles.flatMap(descriptionsOf), ...devices];
  return { rules, rollups: config.rollups, devices: described, profiles: profiles.map(schemaOf) };
}

/** What a profile says about the devices that it decodes, beside how. */
function descriptionsOf({
  id,
  tags,
  clock,
  intervalMs,
  metrics,
}: DeviceProfile): readonly DeviceDescription[] {
  const bands = metrics.flatMap(({ name, deadband }) =>
    deadband === undefined ? [] : [[name, { deadband }]],
  );
  const isSilent = clock === undefined && intervalMs === undefined && bands.length === 0;
  if (isSilent && Object.keys(tags).length === 0) return [];
  return [
    {
      match: ["*"],
      decodedBy: id,
      tags,
      ...(clock === undefined ? {} : { clock }),
      ...(intervalMs === undefined ? {} : { intervalMs }),
      parameters: {},
      ...(bands.length === 0 ? {} : { report: Object.fromEntries(bands) }),
    },
  ];
}

function routesOf(
  config: Config,
  profiles: readonly DeviceProfile[],
): ConstructorParameters<typeof DecodePlans>[0] {
  const { routes, presets } = config.ingest;
  const table = parseRoutes(routes, { profiles, presets: routesOfPresets(presets) });
  invariant(table.ok, "routes were checked when the configuration was loaded");
  return table.value;
}

/** What of a changed configuration takes effect only when the gateway is started again. */
function restartProblems(current: Config, next: Config): readonly Problem[] {
  const fixed = [
    "gateway",
    "dataDir",
    "listeners",
    "http",
    "access",
    "ownTopicPrefix",
    "store",
    "sessions",
    "memory",
    "upstreams",
  ] as const;
  const changed = fixed
    .filter((key) => JSON.stringify(current[key]) !== JSON.stringify(next[key]))
    .map(String);
  if (JSON.stringify(current.ingest.bridges) !== JSON.stringify(next.ingest.bridges)) {
    changed.push("ingest/bridges");
  }
  return changed.map((place) => ({
    code: "RELOAD_NEEDS_RESTART",
    message: `"${place.replace("/", ".")}" has changed, which takes effect only when the gateway is started again.`,
    pointer: `/${place}`,
    hint: "restart holdfast, or take that change back",
  }));
}
