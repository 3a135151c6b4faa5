/** From a detector's definition to the detector. */
import { AnomalyDetector } from "./anomaly.ts";
import { CusumDetector } from "./cusum.ts";
import type { DetectDefinition } from "./definition.ts";
import type { Detector } from "./detector.ts";
import { EwmaDetector } from "./ewma.ts";
import { FlatlineDetector } from "./flatline.ts";
import { PageHinkleyDetector } from "./page-hinkley.ts";
import { RangeDetector } from "./range.ts";
import { RateDetector } from "./rate.ts";
import { SeasonalDetector } from "./seasonal.ts";
import { SilenceDetector } from "./silence.ts";
import { SpikeDetector } from "./spike.ts";
import { ThresholdDetector } from "./threshold.ts";

/**
 * Makes a detector that has seen nothing.
 *
 * @param definition - Within the ranges of `detectorParameters`; its time zone, if any, exists.
 */
export function openDetector(definition: DetectDefinition): Detector {
  switch (definition.type) {
    case "threshold":
      return new ThresholdDetector(definition);
    case "range":
      return new RangeDetector(definition);
    case "rate":
      return new RateDetector(definition);
    case "spike":
      return new SpikeDetector(definition);
    case "ewma":
      return new EwmaDetector(definition);
    case "cusum":
      return new CusumDetector(definition);
    case "page-hinkley":
      return new PageHinkleyDetector(definition);
    case "seasonal":
      return new SeasonalDetector(definition);
    case "flatline":
      return new FlatlineDetector(definition);
    case "silence":
      return new SilenceDetector(definition);
    case "anomaly":
      return new AnomalyDetector(definition.sensitivity);
  }
}
