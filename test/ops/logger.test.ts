import { mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LogLevel, loggerTo, openLogger } from "../../src/ops/logger.ts";

function collect(level: LogLevel = "info") {
  const lines: Record<string, unknown>[] = [];
  const logger = loggerTo({ write: (line: string) => void lines.push(JSON.parse(line)) }, level);
  return { lines, logger };
}

test("a line is one JSON object with level, time, fields and sentence", () => {
  const { lines, logger } = collect();
  logger.info({ event: "ready", listeners: [{ port: 1883 }] }, "Serving.");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.any(Number),
      event: "ready",
      listeners: [{ port: 1883 }],
      msg: "Serving.",
    },
  ]);
});

test("secrets are censored at the top and one level down, and a URL loses its credentials", () => {
  const { lines, logger } = collect();
  logger.warn(
    {
      password: "hunter2",
      upstream: { token: "abc", name: "cloud" },
      url: "mqtts://me:pw@host:8883/x?key=1",
    },
    "Link lost.",
  );
  expect(JSON.stringify(lines)).not.toMatch(/hunter2|abc|pw@|key=1/);
  expect(lines[0]).toMatchObject({
    password: "[secret]",
    upstream: { token: "[secret]", name: "cloud" },
    url: "mqtts://host:8883/x",
  });
});

test("lines below the level are not written", () => {
  const { lines, logger } = collect("warn");
  logger.debug({}, "No.");
  logger.info({}, "No.");
  logger.error({}, "Yes.");
  expect(lines.map((line) => line["msg"])).toEqual(["Yes."]);
});

test.each([false, true])(
  "the process's logger has written everything once it is closed, pretty %s",
  async (pretty) => {
    const path = join(mkdtempSync(join(tmpdir(), "holdfast-log-")), "log");
    const open = await openLogger({
      level: "info",
      fileDescriptor: openSync(path, "w"),
      pretty,
      colour: false,
    });
    for (let line = 0; line < 100; line += 1) open.logger.info({ line }, "Counted.");
    await open.close();
    const text = readFileSync(path, "utf8");
    expect(text.match(/Counted\./g)).toHaveLength(100);
    expect(text.startsWith("{")).toBe(!pretty);
    expect(open.droppedCount()).toBe(0);
  },
);
