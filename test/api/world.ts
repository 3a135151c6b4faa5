/** A small gateway in memory for the API, and a client that can send anything. */
import { connect } from "node:net";
import { type ApiServer, type ApiServerOptions, openApiServer } from "../../src/api/server.ts";
import {
  type BridgeStatus,
  type GatewayStatus,
  type Ledger,
  ledgerOf,
  type ReadModel,
  type Readiness,
  type Sample,
  type SampleAnswer,
  type SampleQuery,
  type TopicView,
  type UpstreamStatus,
} from "../../src/core/read-model.ts";
import type { ReplayReport, ReplayRequest } from "../../src/core/dead-letter-replay.ts";
import { type AlertCommand, isAddressed } from "../../src/core/alert/command.ts";
import type { DeviceView } from "../../src/core/device-view.ts";
import type { SchemaPeriod } from "../../src/core/fold/schema-history.ts";
import { type GatewayCommand, isDeviceCommand } from "../../src/core/command.ts";
import type { Commander, DeadLetterReplayer } from "../../src/core/ports.ts";
import type { NumberedDeadLetter } from "../../src/core/record.ts";
import { hashOf } from "../../src/core/rule/hash.ts";
import type { RuleDefinition } from "../../src/core/rule/definition.ts";
import type { AlertRecord, AlertState } from "../../src/core/streams.ts";
import { quietLogger } from "../support/quiet-logger.ts";

export function alertOf(rule: string, state: AlertState, more: Partial<AlertRecord> = {}): AlertRecord {
  return {
    seq: 1,
    id: hashOf(rule),
    rule,
    key: { device: "fridge-1" },
    state,
    severity: "warning",
    since: 1_762_000_000_000,
    at: 1_762_000_060_000,
    reason: "change",
    values: { avg: 9.5 },
    labels: {},
    annotations: { summary: "fridge-1 at 9.5 °C" },
    coverage: null,
    revision: 0,
    historical: false,
    acknowledged: false,
    acknowledgedBy: null,
    shelvedUntil: null,
    inhibitedBy: null,
    shadow: false,
    capture: null,
    ...more,
  };
}

/** Opens the API on a gateway in memory, on any free port of loopback. */
export function openMemoryApi(
  readModel: MemoryReadModel,
  parts: Partial<Pick<ApiServerOptions, "commander" | "replayer" | "logger">> = {},
): Promise<ApiServer> {
  return openApiServer({
    host: "127.0.0.1",
    port: 0,
    readModel,
    commander: new MemoryCommander(readModel),
    replayer: new MemoryReplayer(),
    scrape: () => Promise.reject(new Error("not asked for")),
    logger: quietLogger,
    version: "1.2.3",
    ...parts,
  });
}

export class MemoryReadModel implements ReadModel {
  storeReady = true;
  failing = false;
  ruleList: RuleDefinition[] = [];
  alertList: AlertRecord[] = [
    alertOf("warm", "firing"),
    alertOf("door", "pending"),
    alertOf("hum", "resolved"),
  ];

  /** What samples were asked for, oldest first. */
  readonly sampleQueries: SampleQuery[] = [];
  sampleList: Sample[] = [
    { device: "fridge-1", metric: "temperature", at: 1_762_000_059_500, value: 7.5, unit: "°C" },
    { device: "fridge-1", metric: "door", at: 1_762_000_060_000, value: true },
    {
      device: "fridge-1",
      metric: "temperature",
      at: 1_762_000_060_500,
      value: 9.25,
      unit: "°C",
      quality: "corrected",
      stampAt: 1_762_003_660_500,
    },
  ];

  readiness(): Readiness {
    const ready = { ready: true, detail: "" };
    const store = this.storeReady ? ready : { ready: false, detail: "The disk is full." };
    return { broker: ready, store, rules: ready };
  }

  status(): GatewayStatus {
    if (this.failing) throw new Error("secret inner reason");
    return {
      gateway: "gw-7",
      version: "1.2.3",
      state: "running",
      memory: "none",
      startedAt: 1_762_000_000_000,
      uptimeMs: 1234.5,
      clock: "synced" as const,
      listeners: [{ protocol: "mqtt", host: "127.0.0.1", port: 1883 }],
      connections: 3,
      series: 12,
      rules: 2,
      firing: 1,
      logSeq: 99,
      backlog: { cloud: 4 },
    };
  }

  ledger(): Ledger {
    return ledgerOf(
      {
        messages: { received: 10, stored: 7, rejected: { malformed: 2 }, dropped: { duplicate: 1 } },
        samples: { decoded: 16, stored: 14, duplicate: 2, late: 0, corrected: 0 },
      },
      [{ name: "alerts", head: 9, first: 1, upstreams: [{ name: "cloud", cursor: 5, skipped: 0 }] }],
    );
  }

  deviceList: DeviceView[] = [];
  topicList: TopicView[] = [];
  schemaList: SchemaPeriod[] = [];

  devices(only?: string): readonly DeviceView[] {
    return this.deviceList.filter(({ device }) => only === undefined || device === only);
  }

  topics(): readonly TopicView[] {
    return this.topicList;
  }

  schemas(): readonly SchemaPeriod[] {
    return this.schemaList;
  }

  alerts(): readonly AlertRecord[] {
    return this.alertList;
  }

  rules(): readonly RuleDefinition[] {
    return this.ruleList;
  }

  deadLetters(limit: number): Promise<readonly NumberedDeadLetter[]> {
    const letters = [2, 1].map((at) => ({
      number: at,
      at,
      topic: "plant/x",
      clientId: "sensor-1",
      cause: "malformed" as const,
      detail: "Expected a value at byte 3.",
      length: 4,
      bytes: new Uint8Array([0x7b, 0xff, 0, at]),
    }));
    return Promise.resolve(letters.slice(0, limit));
  }

  samples(query: SampleQuery): Promise<SampleAnswer> {
    this.sampleQueries.push(query);
    const ofDevice = this.sampleList.filter(({ device }) => device === query.device);
    if (ofDevice.length === 0) return Promise.resolve({ unknown: "device" });
    const ofMetric = ofDevice.filter(({ metric }) => query.metric === undefined || metric === query.metric);
    if (ofMetric.length === 0) return Promise.resolve({ unknown: "metric" });
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = query;
    const wanted = ofMetric.filter(({ at }) => at >= from && at < to);
    const truncated = wanted.length > query.limit;
    return Promise.resolve({ samples: wanted.slice(0, query.limit), truncated });
  }

  bridges(): readonly BridgeStatus[] {
    return [
      {
        name: "ttn",
        url: "mqtts://eu1.cloud.thethings.network:8883",
        connected: true,
        state: "connected",
        detail: "",
        clientId: "bridge:ttn",
        protocol: "5",
        received: 17,
        inFlight: 0,
        subscriptions: [{ filter: "v3/+/devices/+/up", qos: 0, granted: 0, refused: false, detail: "" }],
      },
    ];
  }

  upstreams(): readonly UpstreamStatus[] {
    const streams = { alerts: { acked: 5, pending: 4, evicted: 0 } };
    return [
      { name: "cloud", url: "mqtts://broker:8883", connected: true, state: "connected", detail: "", streams },
    ];
  }
}

/** Does commands at once as the engine does them: an id means an alert only while its episode lasts. */
export class MemoryCommander implements Commander {
  readonly commands: GatewayCommand[] = [];
  readonly #readModel: MemoryReadModel;
  /** Called after each command: what else happens before it is answered. */
  meanwhile: () => void = () => undefined;

  constructor(readModel: MemoryReadModel) {
    this.#readModel = readModel;
  }

  command(command: GatewayCommand): Promise<void> {
    this.commands.push(command);
    if (isDeviceCommand(command)) return Promise.resolve();
    this.#readModel.alertList = this.#readModel.alertList.map((alert) => {
      const resting = alert.state === "ok" || alert.state === "resolved";
      const meant = isAddressed(command.target, { ...alert, id: resting ? "" : alert.id });
      return meant ? { ...alert, ...changeOf(command) } : alert;
    });
    this.meanwhile();
    return Promise.resolve();
  }
}

function changeOf(command: AlertCommand): Partial<AlertRecord> {
  switch (command.kind) {
    case "acknowledge":
      return { acknowledged: true, acknowledgedBy: command.by, reason: "acknowledge" };
    case "unacknowledge":
      return { acknowledged: false, acknowledgedBy: null, reason: "unacknowledge" };
    case "shelve":
      return { shelvedUntil: 1_762_000_060_000 + command.forMs, reason: "shelve" };
    case "unshelve":
      return { shelvedUntil: null, reason: "unshelve" };
  }
}

/** Answers every replay with the same report, and keeps what was asked for. */
export class MemoryReplayer implements DeadLetterReplayer {
  readonly requests: ReplayRequest[] = [];
  failure: unknown = undefined;
  report: ReplayReport = {
    dryRun: false,
    examined: 1_203,
    recovered: 1_200,
    cut: 1,
    refused: {
      malformed: {
        count: 2,
        examples: [{ number: 7, topic: "plant/x", detail: "Expected a value at byte 3." }],
      },
    },
  };

  replayDeadLetters(request: ReplayRequest): Promise<ReplayReport> {
    this.requests.push(request);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return Promise.resolve({ ...this.report, dryRun: request.dryRun });
  }
}

/** Sends bytes as they are and gives everything that comes back until the server closes. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}
