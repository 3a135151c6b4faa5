/**
 * Synthetic sensors: cold rooms, motors and doors, each with a life of its own.
 *
 * A sensor is a function of its seed and of the instants it is read at, so a run can be repeated.
 */
import { seededRandom } from "./seeded-random.ts";
import type { EpochMs } from "../../core/sample.ts";

/** One reading as it is published. */
export interface SensorMessage {
  readonly topic: string;
  readonly payload: string;
}

/** Something that can be read. */
export interface Sensor {
  readonly topic: string;
  /** Which of the publishers it uses, from 0; without it the one with its own number. */
  readonly client?: number;
  /** Reads it; nothing when it keeps silent. Instants must not go back. */
  read(at: EpochMs): string | Uint8Array | undefined;
}

/** How to make a set of sensors. */
export interface SensorSettings {
  readonly count: number;
  readonly seed: number;
  /** Length of the daily wave of temperatures; the demo has short days. */
  readonly dayMs: number;
  /** Share of readings at which a motor begins to shake or a door opens. */
  readonly eventShare: number;
}

const makers = [coldRoom, motor, door];

/** Makes sensors: cold rooms, motors and doors in turn. */
export function makeSensors(settings: SensorSettings): readonly Sensor[] {
  return Array.from({ length: settings.count }, (_, index) => {
    const random = seededRandom(settings.seed * 1_000_003 + index);
    const maker = makers[index % makers.length] ?? coldRoom;
    return maker(1 + Math.floor(index / makers.length), settings, random);
  });
}

/** A cold room between about 1 and 9 °C, warm once a day. */
function coldRoom(number: number, { dayMs }: SensorSettings, random: () => number): Sensor {
  const phase = random();
  return {
    topic: `plant/cold-room-${number}/telemetry`,
    read(at) {
      const wave = Math.sin(2 * Math.PI * (at / dayMs + phase));
      const temperature = 5 + 4 * wave + 0.3 * gaussian(random);
      const humidity = 60 - 8 * wave + gaussian(random);
      return `{"ts":${at},"temperature":${temperature.toFixed(2)},"humidity":${humidity.toFixed(1)}}`;
    },
  };
}

/** A motor that hums, and now and then shakes for a while. */
function motor(number: number, { eventShare }: SensorSettings, random: () => number): Sensor {
  let shakesFor = 0;
  return {
    topic: `plant/motor-${number}/telemetry`,
    read(at) {
      if (shakesFor > 0) shakesFor -= 1;
      else if (random() < eventShare) shakesFor = 5 + Math.floor(10 * random());
      const level = shakesFor > 0 ? 7 : 1.2;
      const vibration = Math.abs(level + 0.2 * level * gaussian(random));
      const speed = 1480 + 5 * gaussian(random);
      return `{"ts":${at},"vibration":${vibration.toFixed(3)},"speed":${speed.toFixed(1)}}`;
    },
  };
}

/** A door, mostly closed. */
function door(number: number, { eventShare }: SensorSettings, random: () => number): Sensor {
  let openFor = 0;
  return {
    topic: `plant/door-${number}/telemetry`,
    read(at) {
      if (openFor > 0) openFor -= 1;
      else if (random() < eventShare) openFor = 5 + Math.floor(30 * random());
      return `{"ts":${at},"open":${openFor > 0}}`;
    },
  };
}

/** Nearly normal with mean 0 and deviation 1: the sum of twelve uniform numbers less six. */
function gaussian(random: () => number): number {
  let sum = -6;
  for (let term = 0; term < 12; term += 1) sum += random();
  return sum;
}
