import { totalmem } from "node:os";
import { expect, test } from "vitest";
import type { MemoryPressure } from "../../src/core/memory-pressure.ts";
import { memoryCeilingBytes, type MemoryUse, MemoryWatch } from "../../src/ops/memory-watch.ts";
import { RememberingLogger } from "../support/remembering-logger.ts";

function watched(use: () => MemoryUse): {
  readonly watch: MemoryWatch;
  readonly logger: RememberingLogger;
  readonly heard: MemoryPressure[];
} {
  const logger = new RememberingLogger();
  const heard: MemoryPressure[] = [];
  const onChange = (pressure: MemoryPressure): void => void heard.push(pressure);
  return {
    watch: new MemoryWatch({ logger, onChange, use, ceilingBytes: 1_000, everyMs: 2 }),
    logger,
    heard,
  };
}

test.each([
  ["resident memory beside its ceiling", { residentBytes: 900 }],
  ["the heap beside what the engine allows it", { heapBytes: 900 }],
])("%s makes memory short, with a line in the log, and is over by itself", async (_what, more) => {
  const calm: MemoryUse = { residentBytes: 100, heapBytes: 10, heapBytesMax: 1_000 };
  let use = calm;
  const { watch, logger, heard } = watched(() => use);
  try {
    use = { ...calm, ...more };
    await expect.poll(() => heard).toEqual(["tight"]);
    expect(watch.pressure).toBe("tight");
    use = { ...calm, residentBytes: 990 };
    await expect.poll(() => heard).toEqual(["tight", "critical"]);
    use = calm;
    await expect.poll(() => heard).toEqual(["tight", "critical", "none"]);
    expect(logger.lines.map(({ level, fields }) => [level, fields["event"], fields["pressure"]])).toEqual([
      ["warn", "memory-pressure", "tight"],
      ["warn", "memory-pressure", "critical"],
      ["info", "memory-pressure", "none"],
    ]);
    const figures = watch.metrics.map((family) => [family.name, family.read()[0]?.value]);
    expect(Object.fromEntries(figures)).toEqual({
      holdfast_memory_ceiling_bytes: 1_000,
      holdfast_memory_pressure: 0,
      holdfast_memory_shortages_total: 1,
    });
  } finally {
    watch.close();
  }
});

const bufferBytes = (): number => process.memoryUsage().arrayBuffers;

function fillAndForget(bytes: number): void {
  new Uint8Array(bytes).fill(1);
}

test("what is garbage makes nothing short: it is collected before anybody is refused", async () => {
  const beforeBytes = bufferBytes();
  fillAndForget(20 * 1024 * 1024);
  let looks = 0;
  const { watch, heard } = watched(() => {
    looks += 1;
    const isThere = bufferBytes() > beforeBytes + 10 * 1024 * 1024;
    return { residentBytes: isThere ? 990 : 100, heapBytes: 10, heapBytesMax: 1_000 };
  });
  try {
    await expect.poll(() => looks).toBeGreaterThan(3);
    expect(heard).toEqual([]);
  } finally {
    watch.close();
  }
});

test("the ceiling is below what the machine has", () => {
  expect(memoryCeilingBytes()).toBeGreaterThan(0);
  expect(memoryCeilingBytes()).toBeLessThan(totalmem());
});
