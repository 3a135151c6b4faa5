/** Drives publishers: recorded series in order, and sensors at a rate. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../core/ports.ts";
import type { EpochMs } from "../../core/sample.ts";
import type { Reading } from "./csv.ts";
import type { Publisher } from "./publisher.ts";
import type { Sensor } from "./sensors.ts";

/** What a replay sends. */
export interface Replay {
  readonly publisher: Publisher;
  readonly readings: readonly Reading[];
  readonly topic: string;
  readonly metric: string;
  /** Times real time; infinite for as fast as the broker acknowledges. */
  readonly speed: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** Publishes readings in order with their own time stamps, and waits until all are acknowledged. */
export async function replay(options: Replay): Promise<void> {
  const { publisher, readings, topic, metric, speed, clock, stop } = options;
  const name = JSON.stringify(metric);
  const startMs = clock.monotonicMs();
  const startAt = readings[0]?.at ?? 0;
  for (const { at, value } of readings) {
    if (speed !== Number.POSITIVE_INFINITY) {
      await pause(startMs + (at - startAt) / speed - clock.monotonicMs(), stop);
    }
    await publisher.room();
    if (stop.aborted) return;
    publisher.publish(topic, `{"ts":${at},${name}:${value}}`);
  }
  await publisher.drained();
}

/** What the sensors do. */
export interface SensorRun {
  /** Sensor i publishes through publisher i modulo their number, unless it names another. */
  readonly publishers: readonly Publisher[];
  readonly sensors: readonly Sensor[];
  /** Readings per second of all sensors together. */
  readonly ratePerSecond: number;
  /** Infinite for until stopped. */
  readonly forMs: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** How often due readings are sent. */
const tickMs = 20;

/** Readings that a broker did not take in time, in seconds of the rate, before the sensors give up on them. */
const behindSecondsMax = 1;

/** Reads the sensors in turn at the given rate and publishes, then waits until all is acknowledged. */
export async function runSensors(options: SensorRun): Promise<void> {
  const { publishers, sensors, ratePerSecond, forMs, clock, stop } = options;
  const startMs = clock.monotonicMs();
  const total = Math.round((ratePerSecond * forMs) / 1_000);
  // No sensor stamps two readings alike: the second would rightly count as sent again.
  const stampedAt = new Map<Sensor, EpochMs>();
  let done = 0;
  for (let next = 0; done < total && !stop.aborted; ) {
    const due = Math.min(total, Math.floor(((clock.monotonicMs() - startMs) / 1_000) * ratePerSecond));
    done = Math.max(done, due - Math.ceil(ratePerSecond * behindSecondsMax));
    for (; done < due && !stop.aborted; done += 1, next += 1) {
      const place = next % sensors.length;
      const sensor = sensors[place];
      const publisher = publishers[(sensor?.client ?? place) % publishers.length];
      if (sensor === undefined || publisher === undefined) return;
      await publisher.room();
      if (stop.aborted) return;
      const at = Math.max(clock.now(), (stampedAt.get(sensor) ?? 0) + 1);
      stampedAt.set(sensor, at);
      const payload = sensor.read(at);
      if (payload !== undefined) publisher.publish(sensor.topic, payload);
    }
    await pause(tickMs, stop);
  }
  if (!stop.aborted) await Promise.all(publishers.map((publisher) => publisher.drained()));
}

/** Waits, shorter when stopped. */
async function pause(forMs: number, stop: AbortSignal): Promise<void> {
  if (forMs <= 0 || stop.aborted) return;
  try {
    await sleep(forMs, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
