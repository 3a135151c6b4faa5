/**
 * Sparkplug B 3.0, on the side of the host: `spBv1.0/<group>/<verb>/<edge node>[/<device>]`.
 *
 * Devices are `<group>/<edge node>` and `<group>/<edge node>/<device>`, metrics are named as they are; members of
 * templates, and of data sets with one row, `<metric>/<member>`. `bdSeq`, `Node Control/…` and `Device Control/…`
 * are no readings.
 *
 * - A birth gives `online` and all its values, and says what the numbers in later data mean. Its facts go into
 *   the log.
 * - Data with a number that no birth has explained is refused whole, `awaiting-birth`, and a birth is asked for.
 *   Metrics that carry name and datatype need none. It is also asked for after a gap in the sequence, and after
 *   a restart, when the sequence is not known; what can be decoded is.
 * - Data that is older than the birth and not the next in the sequence comes from before it, when its numbers may
 *   have meant something else. It is refused as `overtaken` and not `awaiting-birth`: what awaits a birth is
 *   decoded after it, and this never can be. A clock that went back is told apart by the sequence, which goes on.
 * - A death counts when its `bdSeq` is that of the birth. A node's has no time of its own: it was written when the
 *   node connected, and is published when the connection is lost. Its devices go with it.
 * - Quality 0 is bad; 500, stale, is old data.
 *
 * Source: Sparkplug 3.0.0, § 4, § 5 and § 6.4.
 */
import type { DecodePlan, DecodeTarget, PlanSpec, Rejection } from "../core/decode.ts";
import type { BornMetric } from "../core/fact.ts";
import { RowFlag, ValueKind } from "../core/sample.ts";
import { onlineMetric } from "./availability.ts";
import { nameProblem } from "./naming.ts";
import { rejected } from "./rejection.ts";
import { refusingPlan, silentPlan } from "./small-plans.ts";
import type { SparkplugHost } from "./sparkplug-host.ts";
import { isReading, metricName, type NameTable } from "./sparkplug-names.ts";
import type { EdgeNode } from "./sparkplug-nodes.ts";
import type { SparkplugMetric, SparkplugPayload } from "./sparkplug-payload.ts";
import { SparkplugReader } from "./sparkplug-reader.ts";
import { type SparkplugTopic, sparkplugTopic } from "./sparkplug-topic.ts";
import { readValue } from "./sparkplug-values.ts";
import { isStamp } from "./stamp.ts";

const codec = "sparkplug";

/** Source: Sparkplug 3.0.0, § 6.4.8. */
const staleQuality = 500;

const reader = new SparkplugReader();

/** Gives the maker of plans for all the topics of the nodes of a host. */
export function sparkplugPlans(host: SparkplugHost): (spec: PlanSpec) => DecodePlan {
  return (spec) => {
    const topic = sparkplugTopic(spec.topic);
    if (topic === undefined) return refusingPlan(codec, "The topic is none of Sparkplug B.");
    // Commands go to nodes, and what other hosts say of themselves is theirs.
    if (topic === "STATE" || topic.verb === "CMD") return silentPlan(codec);
    return new SparkplugPlan(host, topic, spec);
  };
}

class SparkplugPlan implements DecodePlan {
  readonly codec: string = codec;
  readonly #host: SparkplugHost;
  readonly #topic: SparkplugTopic;
  readonly #device: string;
  readonly #unit: string | undefined;
  readonly #group: string;

  constructor(host: SparkplugHost, topic: SparkplugTopic, { device, unit }: PlanSpec) {
    this.#host = host;
    this.#topic = topic;
    this.#group = topic.node.slice(0, topic.node.indexOf("/"));
    const own = topic.device === undefined ? topic.node : `${topic.node}/${topic.device}`;
    this.#device = (device ?? own).normalize("NFC");
    this.#unit = unit;
  }

  decode(bytes: Uint8Array, start: number, end: number, target: DecodeTarget): Rejection | undefined {
    const refusal = nameProblem("device", this.#device) ?? reader.read(bytes, start, end);
    const rejection = refusal ?? this.#decode(reader.payload, target);
    reader.release();
    return rejection;
  }

  #decode(payload: SparkplugPayload, target: DecodeTarget): Rejection | undefined {
    target.stampAt = isStamp(payload.at) ? payload.at : Number.NaN;
    target.stampUnreadable = Number.isNaN(target.stampAt) && !Number.isNaN(payload.at);
    target.ownStamps = false;
    const { verb } = this.#topic;
    if (target.replayed === true) return this.#takePast(payload, target);
    if (verb === "BIRTH") return this.#takeBirth(payload, target);
    return verb === "DEATH" ? this.#takeDeath(payload, target) : this.#takeData(payload, target);
  }

  #takeBirth(payload: SparkplugPayload, target: DecodeTarget): Rejection | undefined {
    const { node: key, device } = this.#topic;
    const metrics = nameBorn(payload);
    const { seq } = payload;
    const bdSeq = device === undefined ? bdSeqOf(payload) : undefined;
    const at = Number.isNaN(target.stampAt) ? target.receivedAt : target.stampAt;
    const { nodes } = this.#host;
    const isReborn = nodes.change(key, (node) => {
      if (device === undefined) return node.born({ at, seq, bdSeq, metrics });
      if (this.#follow(node, seq)) this.#ask(node, target);
      return node.deviceBorn(device, { at, seq, metrics });
    });
    target.note({
      kind: "birth",
      node: key,
      ...(device === undefined ? {} : { device }),
      ...(bdSeq === undefined ? {} : { bdSeq }),
      at,
      metrics,
    });
    this.#noteMeanings(payload, target);
    if (isReborn) this.#tellReborn();
    return this.#emit(payload, target, true);
  }

  #takeData(payload: SparkplugPayload, target: DecodeTarget): Rejection | undefined {
    const { node: key, device } = this.#topic;
    const node = this.#host.nodes.of(key);
    const names = device === undefined ? node.names : node.namesOf(device);
    const { seq } = payload;
    const isLate = names !== undefined && payload.at < names.at && node.continuityOf(seq) === "gap";
    const unexplained = nameData(payload, isLate ? undefined : names);
    const isBirthWanted = isLate || this.#follow(node, seq) || unexplained !== undefined;
    if (isBirthWanted) this.#ask(node, target);
    if (unexplained !== undefined) {
      return isLate
        ? rejected("overtaken", "The data was sent before the birth certificate that came before it.")
        : rejected("awaiting-birth", `No birth certificate says what ${unexplained} is.`);
    }
    return this.#emit(payload, target, false);
  }

  /** Data that was kept until its names were known; births and deaths of the past are over. */
  #takePast(payload: SparkplugPayload, target: DecodeTarget): Rejection | undefined {
    const { node: key, device, verb } = this.#topic;
    if (verb !== "DATA") return rejected("overtaken", "A certificate of the past says nothing about now.");
    const node = this.#host.nodes.known(key);
    const unexplained = nameData(payload, device === undefined ? node?.names : node?.namesOf(device));
    if (unexplained === undefined) return this.#emit(payload, target, false);
    return rejected("awaiting-birth", `No birth certificate says what ${unexplained} is.`);
  }

  #takeDeath(payload: SparkplugPayload, target: DecodeTarget): Rejection | undefined {
    const { node: key, device } = this.#topic;
    const { nodes } = this.#host;
    const gone: string[] = [];
    if (device === undefined) {
      const devices = nodes.change(key, (node) => node.died(bdSeqOf(payload)));
      target.stampAt = Number.NaN;
      target.stampUnreadable = false;
      if (devices !== undefined) gone.push(this.#device, ...devices.map((name) => `${key}/${name}`));
    } else {
      const wasThere = nodes.change(key, (node) => {
        if (this.#follow(node, payload.seq)) this.#ask(node, target);
        return node.deviceDied(device);
      });
      if (wasThere) gone.push(this.#device);
    }
    if (gone.length === 0) this.#host.ignoredDeathCount += 1;
    return setOnline(gone, false, target);
  }

  /** Takes the place of a message in the sequence of its node. @returns Whether a birth is missing. */
  #follow(node: EdgeNode, seq: number | undefined): boolean {
    const isGap = node.continuityOf(seq) === "gap";
    const isKnown = node.standing === "born";
    node.advance(seq);
    if (isGap && isKnown) this.#host.gapCount += 1;
    return isGap || !isKnown;
  }

  #ask(node: EdgeNode, target: DecodeTarget): void {
    const request = {
      group: this.#group,
      node: this.#nodeName,
      topic: this.#topic.commandTopic,
      clientId: target.clientId ?? "",
    };
    this.#host.ask(node, request, target.receivedAt);
  }

  get #nodeName(): string {
    return this.#topic.node.slice(this.#group.length + 1);
  }

  #tellReborn(): void {
    const { node: key, device, commandTopic } = this.#topic;
    const node = this.#nodeName;
    const above = commandTopic.slice(0, -`NCMD/${node}`.length);
    const dataTopic = device === undefined ? `${above}NDATA/${node}` : `${above}DDATA/${node}/${device}`;
    this.#host.reborn({
      group: this.#group,
      node,
      device,
      dataTopic,
      since: this.#host.nodes.of(key).askedAt,
    });
  }

  /** Notes what a birth certificate says of its sender and its metrics beside their names. */
  #noteMeanings(payload: SparkplugPayload, target: DecodeTarget): void {
    const device = this.#device;
    const textOf = (name: string): string | undefined => {
      const metric = payload.named(`Properties/${name}`);
      if (metric === undefined || readValue(metric, metric.datatype, payload.bytes) !== undefined)
        return undefined;
      return metric.kind === ValueKind.text && metric.text !== "" ? metric.text : undefined;
    };
    const [vendor, model, firmware] = [textOf("Hardware Make"), textOf("Hardware Model"), textOf("FW")];
    const via = this.#topic.device === undefined ? undefined : this.#topic.node;
    if ((vendor ?? model ?? firmware ?? via) !== undefined) {
      target.note({
        kind: "identity",
        source: "birth",
        device,
        ...(vendor === undefined ? {} : { vendor }),
        ...(model === undefined ? {} : { model }),
        ...(firmware === undefined ? {} : { firmware }),
        ...(via === undefined ? {} : { via }),
      });
    }
    for (let index = 0; index < payload.count; index += 1) {
      const { seriesName, unit, label } = payload.metrics[index]!;
      if (seriesName === undefined || (unit ?? label) === undefined) continue;
      target.note({
        kind: "metric",
        source: "birth",
        of: { device, metric: seriesName },
        ...(label === undefined ? {} : { label }),
        ...(unit === undefined ? {} : { unit }),
      });
    }
  }

  /** Turns what has a name and a value into rows. */
  #emit(payload: SparkplugPayload, target: DecodeTarget, isBirth: boolean): Rejection | undefined {
    for (let index = 0; index < payload.count; index += 1) {
      const metric = payload.metrics[index]!;
      metric.series = -1;
      if (metric.seriesName === undefined) continue;
      const skip = metric.seriesName === "" ? "name" : readValue(metric, metric.datatype, payload.bytes);
      if (skip !== undefined) {
        // A container is its members.
        if (metric.memberCount === 0) this.#host.skipped(skip);
        continue;
      }
      metric.series = target.series(this.#device, metric.seriesName, this.#unit ?? metric.unit);
      if (metric.series < 0) return tooManySeries();
    }
    if (isBirth) {
      const refusal = setOnline([this.#device], true, target);
      if (refusal !== undefined) return refusal;
    }
    for (let index = 0; index < payload.count; index += 1) {
      const metric = payload.metrics[index]!;
      if (metric.series >= 0) pushRow(metric, target);
    }
    return undefined;
  }
}

/** Names the metrics of a birth certificate, members included, and gives what later data refers to. */
function nameBorn(payload: SparkplugPayload): BornMetric[] {
  const born: BornMetric[] = [];
  for (let index = 0; index < payload.count; index += 1) {
    const metric = payload.metrics[index]!;
    if (metric.within >= 0) {
      nameMember(metric, payload);
      continue;
    }
    const name = metric.name === undefined ? "" : metricName(metric.name);
    metric.seriesName = isReading(name) ? name : undefined;
    const { alias, datatype } = metric;
    if (name !== "" || alias >= 0) born.push(alias < 0 ? { name, datatype } : { name, alias, datatype });
  }
  return born;
}

/**
 * Names the metrics of a data message.
 *
 * @returns What cannot be named, or whose datatype is not known, in words; nothing when everything is.
 */
function nameData(payload: SparkplugPayload, names: NameTable | undefined): string | undefined {
  for (let index = 0; index < payload.count; index += 1) {
    const metric = payload.metrics[index]!;
    if (metric.within >= 0) {
      nameMember(metric, payload);
      continue;
    }
    const { name: written, alias } = metric;
    const name = written === undefined ? undefined : metricName(written);
    const known = name === undefined ? names?.byAlias(alias) : names?.byName(name);
    if (known === undefined && (name === undefined || metric.datatype === 0)) {
      return name === undefined
        ? alias < 0
          ? "a metric without name and alias"
          : `alias ${alias}`
        : `"${name}"`;
    }
    const seriesName = name ?? known?.name ?? "";
    metric.seriesName = isReading(seriesName) ? seriesName : undefined;
    if (metric.datatype === 0) metric.datatype = known?.datatype ?? 0;
  }
  return undefined;
}

function nameMember(metric: SparkplugMetric, payload: SparkplugPayload): void {
  const parent = payload.metrics[metric.within]!;
  // They are taken when the whole is, and are as good.
  if (Number.isNaN(metric.at)) metric.at = parent.at;
  if (metric.quality < 0) metric.quality = parent.quality;
  metric.historical ||= parent.historical;
  const { seriesName } = parent;
  if (seriesName === undefined || seriesName === "") metric.seriesName = seriesName;
  else metric.seriesName = metric.name === undefined ? "" : metricName(`${seriesName}/${metric.name}`);
}

function bdSeqOf(payload: SparkplugPayload): number | undefined {
  const metric = payload.named("bdSeq");
  return metric === undefined || Number.isNaN(metric.number) ? undefined : metric.number;
}

function pushRow(metric: SparkplugMetric, target: DecodeTarget): void {
  const { rows } = target;
  const row = rows.count;
  if (metric.kind === ValueKind.text) rows.pushText(metric.series, metric.text);
  else rows.push(metric.series, metric.kind, metric.value);
  let flags = metric.bad ? RowFlag.bad : 0;
  if (metric.historical) flags |= RowFlag.historical;
  if (metric.quality === staleQuality) flags |= RowFlag.retained;
  rows.flags[row] = flags;
  if (!isStamp(metric.at)) return;
  rows.at[row] = metric.at;
  target.ownStamps = true;
}

/** Says of devices whether they are there. */
function setOnline(devices: readonly string[], online: boolean, target: DecodeTarget): Rejection | undefined {
  const series = devices.map((device) => target.series(device, onlineMetric));
  if (series.some((id) => id < 0)) return tooManySeries();
  for (const id of series) target.rows.push(id, ValueKind.boolean, online ? 1 : 0);
  return undefined;
}

function tooManySeries(): Rejection {
  return rejected("series-limit", "The gateway holds as many series as it may.");
}
