/** Makes profiles as data of profiles as they were written and checked. */
import type { CodecName } from "../core/decode.ts";
import type { FingerprintPart } from "../core/fingerprint.ts";
import type { DeviceProfile, ProfileExample, ProfileMetric } from "../core/profile.ts";
import { cleaned, conversionBetween, unitOf } from "../core/unit.ts";
import { metricPresetOf } from "./metric-presets.ts";
import { bytesOfHex } from "./profile-checks.ts";
import { dottedPath } from "./profile-paths.ts";
import type { WrittenExample, WrittenFingerprint, WrittenMetric, WrittenProfile } from "./profile-written.ts";

/** The profile, with presets filled in and units converted. */
export function profileDefinition(written: WrittenProfile, id: string, codec: CodecName): DeviceProfile {
  const { vendor, model, version, source, match, clients, device, time, others, interval, tags, clock } =
    written;
  const fingerprint = Object.entries(written.fingerprint ?? {}).map(fingerprintPart);
  return {
    id,
    vendor,
    model,
    version,
    source,
    match,
    ...(clients === undefined ? {} : { clients }),
    ...(fingerprint.length === 0 ? {} : { fingerprint }),
    codec,
    ...(device === undefined ? {} : { device }),
    ...(time === undefined ? {} : { time: dottedPath(time) }),
    metrics: Object.entries(written.metrics).map(([name, metric]) => metricDefinition(name, metric)),
    others,
    ...(interval === undefined ? {} : { intervalMs: interval }),
    tags: { ...tags },
    ...(clock === undefined
      ? {}
      : {
          clock: {
            mode: clock.policy,
            aheadMs: clock.ahead,
            ...(clock.behind === undefined ? {} : { behindMs: clock.behind }),
          },
        }),
    good: written.examples.good.map(exampleDefinition),
    bad: written.examples.bad.map(exampleDefinition),
  };
}

function fingerprintPart([path, written]: readonly [string, WrittenFingerprint]): FingerprintPart {
  if (Array.isArray(written)) return { path: dottedPath(path), values: written };
  if (typeof written === "object" && written !== null) return { path: dottedPath(path) };
  return { path: dottedPath(path), values: [written] };
}

function metricDefinition(name: string, metric: WrittenMetric): ProfileMetric {
  const preset = metric.preset === undefined ? undefined : metricPresetOf(metric.preset);
  const { scale = 1, offset = 0, values } = metric;
  const reported = unitOf(metric.unit ?? preset?.unit ?? "");
  const stored = unitOf(preset?.unit ?? reported?.canonical ?? "");
  const conversion =
    reported === undefined || stored === undefined ? undefined : conversionBetween(reported, stored);
  const [low, high] = metric.range ?? preset?.range ?? [];
  const resolution = metric.resolution ?? preset?.resolution;
  return {
    name,
    from: dottedPath(metric.from ?? name),
    ...(stored === undefined ? {} : { unit: stored.symbol }),
    scale: cleaned(scale * (conversion?.scale ?? 1)),
    offset: cleaned(offset * (conversion?.scale ?? 1) + (conversion?.offset ?? 0)),
    ...(low === undefined || high === undefined ? {} : { range: [low, high] as const }),
    ...(resolution === undefined ? {} : { resolution }),
    ...(metric.deadband === undefined ? {} : { deadband: metric.deadband }),
    ...(values === undefined ? {} : { values: { ...values } }),
  };
}

function exampleDefinition(example: WrittenExample): ProfileExample {
  const { topic, client, expect, unit, at, cause } = example;
  return {
    topic,
    ...(client === undefined ? {} : { client }),
    bytes: bytesOf(example),
    ...(expect === undefined ? {} : { expect: { ...expect } }),
    ...(unit === undefined ? {} : { unit: { ...unit } }),
    ...(at === undefined ? {} : { at }),
    ...(cause === undefined ? {} : { cause }),
  };
}

function bytesOf({ json, text, hex }: WrittenExample): Uint8Array {
  if (hex !== undefined) return bytesOfHex(hex) ?? new Uint8Array();
  return new TextEncoder().encode(text ?? JSON.stringify(json));
}
