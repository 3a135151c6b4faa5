import { expect, test } from "vitest";
import { AnomalyDetector } from "../../../src/core/detect/anomaly.ts";
import { CusumDetector } from "../../../src/core/detect/cusum.ts";
import { detectorParameters } from "../../../src/core/detect/defaults.ts";
import type { DetectDefinition } from "../../../src/core/detect/definition.ts";
import { EwmaDetector } from "../../../src/core/detect/ewma.ts";
import { FlatlineDetector } from "../../../src/core/detect/flatline.ts";
import { openDetector } from "../../../src/core/detect/open.ts";
import { PageHinkleyDetector } from "../../../src/core/detect/page-hinkley.ts";
import { RangeDetector } from "../../../src/core/detect/range.ts";
import { RateDetector } from "../../../src/core/detect/rate.ts";
import { SeasonalDetector } from "../../../src/core/detect/seasonal.ts";
import { SilenceDetector } from "../../../src/core/detect/silence.ts";
import { SpikeDetector } from "../../../src/core/detect/spike.ts";
import { ThresholdDetector } from "../../../src/core/detect/threshold.ts";

const common = { field: "value", freeze: false };

const definitions: readonly (readonly [DetectDefinition, unknown])[] = [
  [{ ...common, type: "threshold", above: 8 }, ThresholdDetector],
  [{ ...common, type: "range", min: 0, max: 1 }, RangeDetector],
  [{ ...common, type: "rate", perMs: 60_000, above: 1 }, RateDetector],
  [{ ...common, type: "spike", n: 31, k: 6 }, SpikeDetector],
  [{ ...common, type: "ewma", halfLifeMs: 3_600_000, k: 4 }, EwmaDetector],
  [{ ...common, type: "cusum", drift: 0.5, threshold: 10 }, CusumDetector],
  [{ ...common, type: "page-hinkley", drift: 0.5, threshold: 20 }, PageHinkleyDetector],
  [{ ...common, type: "seasonal", season: "hour-of-day", k: 4 }, SeasonalDetector],
  [{ ...common, type: "flatline", within: 0, forMs: 3_600_000 }, FlatlineDetector],
  [{ ...common, type: "silence", factor: 3 }, SilenceDetector],
  [{ ...common, type: "anomaly", sensitivity: 0.5 }, AnomalyDetector],
];

test.each(definitions)("%o is opened as its own detector, at rest", (definition, kind) => {
  const detector = openDetector(definition);
  expect(detector).toBeInstanceOf(kind);
  expect([detector.score, detector.overdueAt]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test("every detector of the table can be opened", () => {
  const opened = definitions.map(([definition]) => definition.type);
  expect(opened.toSorted()).toEqual(Object.keys(detectorParameters).toSorted());
});
