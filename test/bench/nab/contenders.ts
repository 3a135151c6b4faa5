/** What is measured: the general detector, and simple ones that show what the scorer makes of those. */
import { AnomalyDetector, anomalySettings, type AnomalySettings } from "../../../src/core/detect/anomaly.ts";

/** Judges one value after the other. */
export interface Judge {
  /** @returns The anomaly score, in [0, 1]. */
  step(value: number, at: number): number;
}

export interface Contender {
  readonly name: string;
  open(): Judge;
}

/** The general detector by its score. */
export function anomalyByScore(sensitivity = 0.5, settings: AnomalySettings = anomalySettings): Contender {
  return {
    name: "holdfast anomaly",
    open() {
      const detector = new AnomalyDetector(sensitivity, settings);
      return {
        step(value, at) {
          detector.step(value, at, true);
          return detector.score;
        },
      };
    },
  };
}

/** The general detector by whether it fires: 1 or 0. */
export function anomalyByFiring(sensitivity = 0.5, settings: AnomalySettings = anomalySettings): Contender {
  return {
    name: "holdfast anomaly",
    open() {
      const detector = new AnomalyDetector(sensitivity, settings);
      return { step: (value, at) => (detector.step(value, at, true) ? 1 : 0) };
    },
  };
}

/** Never finds anything: the zero of the score. */
export const nothing: Contender = { name: "null", open: () => ({ step: () => 0 }) };

/**
 * The share of a normal distribution nearer to its mean than `deviations`, on that side.
 *
 * Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.17; error below 1e-7.
 */
function normalShare(deviations: number): number {
  const z = Math.abs(deviations);
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}

const gaussianRows = 6_400;

/** A normal distribution over the last 6,400 rows; the score is one less the tail beyond the value. */
export const windowedGaussian: Contender = {
  name: "windowed Gaussian",
  open() {
    const ring = new Float64Array(gaussianRows);
    let count = 0;
    let sum = 0;
    let squares = 0;
    return {
      step(value) {
        const rows = Math.min(count, gaussianRows);
        const mean = rows > 0 ? sum / rows : value;
        const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, rows) - mean * mean)) || 1e-6;
        const slot = count % gaussianRows;
        sum += value - ring[slot]!;
        squares += value * value - ring[slot]! * ring[slot]!;
        ring[slot] = value;
        count += 1;
        return rows === 0 ? 0 : normalShare((value - mean) / deviation);
      },
    };
  },
};

const ewmaWeight = 0.01;

/** The distance from an exponentially weighted mean over about 200 rows, in deviations. */
export const ewma: Contender = {
  name: "EWMA",
  open() {
    let count = 0;
    let mean = 0;
    let variance = 0;
    return {
      step(value) {
        count += 1;
        const weight = Math.max(ewmaWeight, 1 / count);
        const distance = value - mean;
        const deviations = variance > 0 ? Math.abs(distance) / Math.sqrt(variance) : 0;
        mean += weight * distance;
        variance = (1 - weight) * (variance + weight * distance * distance);
        return deviations / (1 + deviations);
      },
    };
  },
};

/** Full-corpus scores as published, for comparison only: that corpus has 58 series, this folder has fewer. */
export const published: readonly (readonly [name: string, score: number])[] = [
  ["windowed Gaussian", 39.6],
  ["random cut forest", 51.7],
  ["KNN-CAD", 58.0],
  ["CAD-OSE", 69.9],
  ["Numenta HTM", 70.1],
  ["ARTime", 74.9],
];
