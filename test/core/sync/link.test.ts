import { expect, test } from "vitest";
import { backoffPolicy } from "../../../src/core/sync/backoff.ts";
import {
  type LinkContext,
  type LinkEvent,
  type LinkState,
  linkDown,
  linkWakeAt,
  stepLink,
} from "../../../src/core/sync/link.ts";
import { seededRandom } from "../../../src/cli/simulate/seeded-random.ts";

const at = (now: number, random = 0.5): LinkContext => ({
  now,
  random,
  policy: backoffPolicy,
  connectMs: 10_000,
});

const states: readonly LinkState[] = [
  linkDown,
  { kind: "waiting", failures: 2, retryAt: 1_000 },
  { kind: "waiting", failures: 2, retryAt: 9_000 },
  { kind: "connecting", failures: 2, giveUpAt: 1_000 },
  { kind: "connecting", failures: 2, giveUpAt: 9_000 },
  { kind: "up", failures: 2, since: 0, productive: false },
  { kind: "up", failures: 9, since: 4_000, productive: true },
  { kind: "closed" },
];
const events: readonly LinkEvent[] = [
  { kind: "opened" },
  { kind: "woken" },
  { kind: "connected" },
  { kind: "acknowledged" },
  { kind: "lost", crowded: false },
  { kind: "lost", crowded: true },
  { kind: "stalled" },
  { kind: "closed" },
];
const pairs = states.flatMap((state) => events.map((event) => ({ state, event })));

test.each(pairs)("$state with $event leaves something pending, or the link at rest", ({ state, event }) => {
  const step = stepLink(state, event, at(5_000));
  const { kind } = step.state;
  const resting = kind === "down" || kind === "closed";
  expect(resting || kind === "up" || linkWakeAt(step.state) !== undefined).toBe(true);
});

test.each(pairs)("$state with $event opens and leaves connections one at a time", ({ state, event }) => {
  const { state: next, effects } = stepLink(state, event, at(5_000));
  const had = state.kind === "connecting" || state.kind === "up";
  const has = next.kind === "connecting" || next.kind === "up";
  const gone = event.kind === "lost";
  expect(effects.includes("connect")).toBe(!had && has);
  expect(effects.includes("disconnect")).toBe(had && !has && !gone);
});

test.each(states)("nothing but closing ends $kind for good, and closing always does", (state) => {
  for (const event of events) {
    const next = stepLink(state, event, at(5_000)).state.kind;
    expect(next === "closed").toBe(event.kind === "closed" || state.kind === "closed");
  }
});

test("an attempt without an answer is given up after its time, and not before", () => {
  const { state } = stepLink(linkDown, { kind: "opened" }, at(0));
  expect(linkWakeAt(state)).toBe(10_000);
  expect(stepLink(state, { kind: "woken" }, at(9_999)).state).toBe(state);
  expect(stepLink(state, { kind: "woken" }, at(10_000))).toEqual({
    state: { kind: "waiting", failures: 1, retryAt: 10_500 },
    effects: ["disconnect"],
  });
});

test("failures in a row double the ceiling of the wait", () => {
  let state: LinkState = stepLink(linkDown, { kind: "opened" }, at(0)).state;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 11; attempt += 1) {
    state = stepLink(state, { kind: "lost", crowded: false }, at(0, 0.999_999)).state;
    waits.push(Math.round((linkWakeAt(state) ?? 0) / 1_000));
    state = stepLink(state, { kind: "woken" }, at(1e9)).state;
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
});

test("a connection that held for a minute wipes out the failures before it", () => {
  const up: LinkState = { kind: "up", failures: 9, since: 0, productive: false };
  expect(stepLink(up, { kind: "lost", crowded: false }, at(60_000)).state).toMatchObject({ failures: 1 });
  expect(stepLink(up, { kind: "lost", crowded: false }, at(59_999)).state).toMatchObject({ failures: 10 });
});

test("a link that flaps but delivers waits for seconds, not minutes", () => {
  const up: LinkState = { kind: "up", failures: 9, since: 0, productive: false };
  const { state } = stepLink(up, { kind: "acknowledged" }, at(10));
  const after = stepLink(state, { kind: "lost", crowded: false }, at(20_000, 0.999)).state;
  expect((linkWakeAt(after) ?? 0) - 20_000).toBeLessThan(4_000);
});

test("a hundred gateways that a server turned away as busy come back at no more than ten a second", () => {
  const random = seededRandom(1);
  const seconds = new Map<number, number>();
  for (let gateway = 0; gateway < 100; gateway += 1) {
    const up: LinkState = { kind: "up", failures: 0, since: 0, productive: true };
    const { state } = stepLink(up, { kind: "lost", crowded: true }, at(90_000, random()));
    const second = Math.floor((linkWakeAt(state) ?? 0) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  expect(Math.max(...seconds.values())).toBeLessThanOrEqual(10);
});

test("a hundred gateways whose server was away for ten minutes find it at no more than ten a second", () => {
  const random = seededRandom(2);
  const arrivals = new Map<number, number>();
  for (let gateway = 0; gateway < 100; gateway += 1) {
    let now = 0;
    let state: LinkState = { kind: "up", failures: 0, since: -90_000, productive: true };
    while (now < 600_000) {
      state = stepLink(state, { kind: "lost", crowded: false }, at(now, random())).state;
      now = linkWakeAt(state) ?? now;
      state = stepLink(state, { kind: "woken" }, at(now)).state;
    }
    const second = Math.floor(now / 1_000);
    arrivals.set(second, (arrivals.get(second) ?? 0) + 1);
  }
  expect(Math.max(...arrivals.values())).toBeLessThanOrEqual(10);
});
