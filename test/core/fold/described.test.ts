import { expect, test } from "vitest";
import type { MetricFact } from "../../../src/core/fact.ts";
import { Catalogue } from "../../../src/core/fold/catalogue.ts";
import { describeSeries } from "../../../src/core/fold/described.ts";

const unit = (written: string): MetricFact => ({
  kind: "metric",
  source: "discovery",
  of: { topic: "t", path: "temperature" },
  unit: written,
});
const series = { id: 0, device: "t", metric: "temperature", topic: "t" };

function held(...facts: readonly MetricFact[]): Catalogue {
  const catalogue = new Catalogue();
  catalogue.apply(facts);
  return catalogue;
}

test("a new series gets the unit that is said of it, before or in the same record", () => {
  expect(describeSeries([series], held(unit("C")), [])).toStrictEqual([{ ...series, unit: "°C" }]);
  expect(describeSeries([series], held(), [unit("C")])).toStrictEqual([{ ...series, unit: "°C" }]);
  expect(describeSeries([series], held(unit("C")), [unit("K")])).toStrictEqual([{ ...series, unit: "K" }]);
});

test("the unit that came with the values stays, and where nothing is said there is none", () => {
  const known = { ...series, unit: "K" };
  expect(describeSeries([known], held(unit("C")), [])).toStrictEqual([known]);
  const other = { ...series, metric: "pressure" };
  expect(describeSeries([other], held(unit("C")), [])).toStrictEqual([other]);
});
