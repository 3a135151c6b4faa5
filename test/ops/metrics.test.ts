import { afterEach, expect, test } from "vitest";
import { version } from "../../src/ops/build-info.ts";
import { type Metrics, openMetrics } from "../../src/ops/metrics.ts";

let metrics: Metrics;
afterEach(() => metrics.close());

test("a scrape shows families as they are at that moment, counters and gauges alike", async () => {
  metrics = openMetrics();
  let received = 1;
  metrics.add([
    {
      name: "holdfast_messages_total",
      help: "Messages.",
      type: "counter",
      read: () => [
        { labels: { cause: "ok" }, value: received },
        { labels: { cause: 'odd "one"\n' }, value: 2 },
      ],
    },
    {
      name: "holdfast_connections",
      help: "Open.",
      type: "gauge",
      read: () => [{ labels: {}, value: -3 }],
    },
  ]);
  await metrics.scrape();
  received = 41;
  const { contentType, text } = await metrics.scrape();
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain("# TYPE holdfast_messages_total counter\n");
  expect(text).toContain('holdfast_messages_total{cause="ok"} 41\n');
  expect(text).toContain('holdfast_messages_total{cause="odd \\"one\\"\\n"} 2\n');
  expect(text).toContain("# TYPE holdfast_connections gauge\nholdfast_connections -3\n");
});

test("a family without rows is left out, and appears once it has some", async () => {
  metrics = openMetrics();
  const rows: { labels: Record<string, string>; value: number }[] = [];
  metrics.add([{ name: "holdfast_late", help: "Late.", type: "gauge", read: () => rows }]);
  expect((await metrics.scrape()).text).not.toContain("holdfast_late");
  rows.push({ labels: { upstream: "cloud" }, value: 7 });
  expect((await metrics.scrape()).text).toContain('holdfast_late{upstream="cloud"} 7\n');
});

test("the process shows its memory, CPU, event-loop delay and build", async () => {
  metrics = openMetrics();
  const { text } = await metrics.scrape();
  expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(1e7);
  expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
  expect(text).toMatch(/^holdfast_event_loop_delay_p99_seconds [\d.e-]+$/m);
  expect(text).toContain(`holdfast_build_info{version="${version}",node="${process.versions.node}"} 1`);
});
