import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { LineWriter } from "../../src/ops/line-writer.ts";

const writerModule = fileURLToPath(new URL("../../src/ops/line-writer.ts", import.meta.url));

/** Runs a script that writes to its standard output, which nobody reads unless told to. */
function startWriter(script: string) {
  const source = `import { LineWriter } from ${JSON.stringify(writerModule)};
void process.stdout;
const writer = new LineWriter(1);
${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pause();
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const exited = new Promise<{ code: number | null; told: string }>((resolve) => {
    child.on("exit", (code) => resolve({ code, told }));
  });
  return { child, exited };
}

test("lines arrive whole, in order and once, however many there are", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "holdfast-lines-")), "log");
  const writer = new LineWriter(openSync(path, "w"));
  const lines = Array.from({ length: 5_000 }, (_, line) => `${line} ä${"x".repeat(line % 90)}\n`);
  for (const line of lines) writer.write(line);
  await writer.close(5_000);
  expect(readFileSync(path, "utf8")).toBe(lines.join(""));
  expect(writer.droppedCount).toBe(0);
});

test("a reader that stalls costs lines and no more: neither memory nor the end of the process", async () => {
  const { exited } = startWriter(`
    const line = "x".repeat(999) + "\\n";
    for (let count = 0; count < 100_000; count += 1) writer.write(line);
    const begun = performance.now();
    await writer.close(100);
    process.stderr.write(JSON.stringify({
      closedAfterMs: performance.now() - begun,
      droppedCount: writer.droppedCount,
      rss: process.memoryUsage.rss(),
    }), () => process.exit(0));`);
  const { code, told } = await exited;
  const { closedAfterMs, droppedCount, rss } = JSON.parse(told);
  expect(code).toBe(0);
  expect(closedAfterMs).toBeLessThan(2_000);
  expect(droppedCount).toBeGreaterThan(98_000);
  expect(rss).toBeLessThan(150_000_000);
});

test("a reader that goes away costs lines and no more", async () => {
  const { child, exited } = startWriter(`
    const timer = setInterval(() => {
      writer.write("x".repeat(999) + "\\n");
      if (writer.droppedCount < 5) return;
      clearInterval(timer);
      writer.close(100).then(() => process.exit(0));
    }, 1);`);
  child.stdout.destroy();
  expect(await exited).toEqual({ code: 0, told: "" });
});

test("lines that wait when the process ends abruptly are still tried once", async () => {
  const { child, exited } = startWriter(`
    writer.write("first\\n");
    writer.write("last\\n");
    process.exit(3);`);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  expect((await exited).code).toBe(3);
  await expect.poll(() => out).toContain("last\n");
});
