import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import type { DeviceView } from "../../src/core/device-view.ts";
import { MemoryCommander, MemoryReadModel, openMemoryApi } from "../api/world.ts";
import { holdfastInProcess, type Outcome } from "./in-process.ts";

let server: ApiServer;
let commander: MemoryCommander;

const seenAt = Date.now();
const tag: DeviceView = {
  device: "ruuvi/cb:b8",
  label: "Sauna",
  vendor: "Ruuvi",
  model: "RuuviTag",
  profile: "ruuvi/ruuvitag",
  tags: { site: "north" },
  firstSeen: seenAt - 86_400_000,
  lastSeen: seenAt - 150_000,
  online: true,
  onlineBy: "interval",
  intervalMs: 2_500,
  battery: 81,
  link: -70,
  metrics: [{ metric: "temperature", unit: "°C", label: "Air" }, { metric: "humidity" }],
};
const meter: DeviceView = {
  device: "meter",
  label: "meter",
  tags: {},
  firstSeen: null,
  lastSeen: null,
  online: null,
  onlineBy: null,
  metrics: [{ metric: "energy\u001b[31m" }],
};
const plug: DeviceView = { ...meter, device: "plug", label: "plug", online: false, onlineBy: "said" };

beforeEach(async () => {
  const readModel = new MemoryReadModel();
  readModel.deviceList = [tag, meter, plug];
  commander = new MemoryCommander(readModel);
  server = await openMemoryApi(readModel, { commander });
});
afterEach(() => server.close());

function devices(...words: readonly string[]): Promise<Outcome> {
  const url = `http://127.0.0.1:${server.port}`;
  return holdfastInProcess(["devices", ...words, "--url", url], "/");
}

test("devices are listed with their state, age, model, battery and metrics", async () => {
  const { code, out, err } = await devices("list");
  expect([code, err]).toEqual([0, ""]);
  const [head, first, second] = out.split("\n");
  expect(head).toMatch(/^device +seen +model +battery +link +metrics$/);
  expect(first).toMatch(
    /^Sauna \(ruuvi\/cb:b8\) +online +2m3\ds ago +Ruuvi RuuviTag +81 % +-70 +temperature humidity$/,
  );
  expect(second).toMatch(/^meter +energy/);
  expect(out).not.toContain("\u001b");
});

test.each([
  [["--online"], ["ruuvi/cb:b8"]],
  [["--offline"], ["plug"]],
  [["--profile", "ruuvi/ruuvitag"], ["ruuvi/cb:b8"]],
  [[], ["ruuvi/cb:b8", "meter", "plug"]],
])("with %j the list holds %j", async (words, names) => {
  const { out } = await devices("list", "--json", ...words);
  expect(JSON.parse(out).devices.map(({ device }: DeviceView) => device)).toEqual(names);
});

test("everything that is known of one device is shown", async () => {
  const { code, out } = await devices("show", "ruuvi/cb:b8");
  expect(code).toBe(0);
  expect(out).toMatch(/^profile +ruuvi\/ruuvitag$/m);
  expect(out).toMatch(/^tags +site=north$/m);
  expect(out).toMatch(/^first seen 1d ago$/m);
  expect(out).toMatch(/^temperature +°C +Air$/m);
});

test("a device that is not there is said to be so", async () => {
  const shown = await devices("show", "fridge");
  expect([shown.code, shown.out]).toEqual([1, ""]);
  expect(shown.err).toMatch(/No device "fridge" has sent anything/);
  const renamed = await devices("rename", "fridge", "Milk");
  expect(renamed.code).toBe(1);
  expect(commander.commands).toEqual([]);
});

test.each([
  [["rename", "meter", "Main"], { kind: "describe-device", device: "meter", label: "Main" }],
  [["rename", "meter"], { kind: "describe-device", device: "meter", label: null }],
  [
    ["tag", "meter", "site=south", "old=", "note=a=b"],
    { kind: "describe-device", device: "meter", tags: { site: "south", old: null, note: "a=b" } },
  ],
  [["remove", "plug"], { kind: "remove-device", device: "plug" }],
])("%j becomes a command in the log", async (words, command) => {
  const { code } = await devices(...words);
  expect(code).toBe(0);
  expect(commander.commands).toMatchObject([command]);
});

test.each([
  [["list", "--online", "--offline"], /exclude each other/],
  [["list", "somewhere"], /--profiles/],
  [["tag", "meter", "site"], /"site" is not a tag/],
])("%j is wrong usage", async (words, message) => {
  const { code, err } = await devices(...words);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

test.each([
  [{ device: "meter" }, '"label" or "tags" is needed.'],
  [{ label: "x" }, '"device" is missing.'],
  [{ device: "meter", label: 5 }, '"label" is not a text'],
  [{ device: "meter", tags: {} }, '"tags" is not an object'],
  [{ device: "meter", tags: { "a b": "x" } }, '"tags" is not an object'],
  [{ device: "meter", tags: { a: 5 } }, '"tags" is not an object'],
  [{ device: "meter", label: "x", more: 1 }, '"more" is not known'],
])("a body %j is refused with what is wrong", async (body, detail) => {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/devices/describe`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const problem: any = await answer.json();
  expect(answer.status).toBe(400);
  expect(problem.detail).toContain(detail);
});
