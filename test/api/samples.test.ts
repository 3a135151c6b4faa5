import { afterEach, beforeEach, expect, test } from "vitest";
import type { ApiServer } from "../../src/api/server.ts";
import { MemoryReadModel, openMemoryApi } from "./world.ts";

let server: ApiServer;
let readModel: MemoryReadModel;

beforeEach(async () => {
  readModel = new MemoryReadModel();
  server = await openMemoryApi(readModel);
});
afterEach(() => server.close());

function get(query: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}/api/v1/samples${query}`);
}

test("samples are answered as they are in the log, each with what is known of it", async () => {
  const response = await get("?device=fridge-1");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    samples: [
      { device: "fridge-1", metric: "temperature", at: 1_762_000_059_500, value: 7.5, unit: "°C" },
      { device: "fridge-1", metric: "door", at: 1_762_000_060_000, value: true },
      {
        device: "fridge-1",
        metric: "temperature",
        at: 1_762_000_060_500,
        value: 9.25,
        unit: "°C",
        quality: "corrected",
        stampAt: 1_762_003_660_500,
      },
    ],
    truncated: false,
  });
});

test("when there are more than the limit that is said", async () => {
  expect(await (await get("?device=fridge-1&limit=2")).json()).toMatchObject({
    samples: [{ value: 7.5 }, { value: true }],
    truncated: true,
  });
});

test.each([
  ["", {}],
  ["&metric=door", { metric: "door" }],
  ["&limit=1", { limit: 1 }],
  ["&limit=10000", { limit: 10_000 }],
  ["&from=1762000000000&to=1762000060000.5", { from: 1_762_000_000_000, to: 1_762_000_060_000.5 }],
  ["&from=-1&to=0", { from: -1, to: 0 }],
  ["&from=2025-11-01T12:26:40Z", { from: 1_762_000_000_000 }],
  ["&to=2025-11-01t12:26:40.125z", { to: 1_762_000_000_125 }],
  ["&from=2025-11-01T17:56:40%2B05:30", { from: 1_762_000_000_000 }],
  ["&from=2025-11-01T17:56:40+05:30", { from: 1_762_000_000_000 }],
  ["&from=2025-11-01T08:26:40-04:00", { from: 1_762_000_000_000 }],
  ["&from=2024-02-29T00:00:00Z", { from: 1_709_164_800_000 }],
])("with %j the gateway is asked for %j", async (words, asked) => {
  expect((await get(`?device=fridge-1${words}`)).status).toBe(200);
  expect(readModel.sampleQueries).toEqual([{ device: "fridge-1", limit: 1_000, ...asked }]);
});

test.each([
  ["", "device", "has to be named"],
  ["?device=", "device", "has to be named"],
  ["?device=fridge-1&metric=", "metric", "is empty"],
  ["?device=fridge-1&step=60", "step", "takes only device, metric, from, to, limit"],
  ["?device=fridge-1&device=fridge-2", "device", "more than once"],
  ["?device=fridge-1&limit=0", "limit", "from 1 to 10000"],
  ["?device=fridge-1&limit=10001", "limit", "from 1 to 10000"],
  ["?device=fridge-1&limit=ten", "limit", "from 1 to 10000"],
  ["?device=fridge-1&from=yesterday", "from", "epoch milliseconds, or RFC 3339"],
  ["?device=fridge-1&from=", "from", "no instant"],
  ["?device=fridge-1&to=1e12", "to", "no instant"],
  ["?device=fridge-1&to=9999999999999999", "to", "no instant"],
  ["?device=fridge-1&to=2025-11-01", "to", "no instant"],
  ["?device=fridge-1&to=2025-11-01T12:26:40", "to", "with a zone"],
  ["?device=fridge-1&to=2025-02-30T12:00:00Z", "to", "no instant"],
  ["?device=fridge-1&to=2025-13-01T12:00:00Z", "to", "no instant"],
  ["?device=fridge-1&to=2025-11-01T24:00:00Z", "to", "no instant"],
  ["?device=fridge-1&from=5&to=5", "to", "not after"],
  ["?device=fridge-1&from=6&to=5", "to", "not after"],
])("%j is refused, and the gateway is not asked", async (query, parameter, said) => {
  const response = await get(query);
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ parameter, detail: expect.stringContaining(said) });
  expect(readModel.sampleQueries).toEqual([]);
});

test.each([
  ["?device=fridge-9", "device", 'No device "fridge-9"'],
  ["?device=fridge-1&metric=mood", "metric", '"fridge-1" has never sent a metric "mood"'],
])("%j names what the gateway does not know: 404", async (query, parameter, said) => {
  const response = await get(query);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ parameter, detail: expect.stringContaining(said) });
});

test("the API document says that the device has to be named, and nothing else", async () => {
  const document: any = await (await fetch(`http://127.0.0.1:${server.port}/openapi.json`)).json();
  const { parameters } = document.paths["/api/v1/samples"].get;
  expect(parameters.map(({ name, required }: any) => [name, required])).toEqual([
    ["device", true],
    ["metric", false],
    ["from", false],
    ["to", false],
    ["limit", false],
  ]);
});
