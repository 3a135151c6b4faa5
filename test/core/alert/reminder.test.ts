import fc from "fast-check";
import { expect, test } from "vitest";
import { Reminder, type ReminderDefinition } from "../../../src/core/alert/reminder.ts";
import { SnapshotReader, SnapshotWriter } from "../../../src/core/fold/snapshot.ts";

const both: ReminderDefinition = { repeatMs: 10, escalate: { afterMs: 25, severity: "critical" } };
const repeating: ReminderDefinition = { repeatMs: 10 };
const escalating: ReminderDefinition = { escalate: { afterMs: 25, severity: "critical" } };

/** Looks at a reminder at each time and lists what is due. */
function dueOf(reminder: Reminder, definition: ReminderDefinition, times: readonly number[]): string[] {
  return times.flatMap((time) => {
    const due = reminder.step(definition, time);
    return due === undefined ? [] : [`${due}@${time}`];
  });
}

function calling(): Reminder {
  const reminder = new Reminder();
  reminder.follow(true, 100);
  return reminder;
}

const everyMs = Array.from({ length: 60 }, (_, index) => 100 + index);

test.each([
  ["repeat", repeating, ["repeat@110", "repeat@120", "repeat@130", "repeat@140", "repeat@150"]],
  ["escalate", escalating, ["escalate@125"]],
  ["both", both, ["repeat@110", "repeat@120", "escalate@125", "repeat@135", "repeat@145", "repeat@155"]],
  ["neither", {}, []],
] as const)("an alert that calls for a minute under %s", (_, definition, due) => {
  expect(dueOf(calling(), definition, everyMs)).toEqual(due);
});

test("an alert that does not call is not told again", () => {
  const reminder = calling();
  reminder.follow(false, 105);
  expect(dueOf(reminder, both, everyMs)).toEqual([]);
});

test("both waits begin anew when an alert calls again", () => {
  const reminder = calling();
  reminder.follow(false, 124);
  reminder.follow(true, 150);
  expect(dueOf(reminder, both, [124, 150, 159, 160, 170, 174, 175])).toEqual([
    "repeat@160",
    "repeat@170",
    "escalate@175",
  ]);
});

test("being told again that it calls changes nothing", () => {
  const reminder = calling();
  reminder.follow(true, 109);
  expect(dueOf(reminder, repeating, [109, 110])).toEqual(["repeat@110"]);
});

test("an episode escalates once, also when its acknowledgement is withdrawn", () => {
  const reminder = calling();
  dueOf(reminder, escalating, [125]);
  reminder.follow(false, 130);
  reminder.follow(true, 140);
  expect([dueOf(reminder, escalating, [1_000]), reminder.escalated]).toEqual([[], true]);
});

test("what was told for another reason puts the next repetition off", () => {
  const reminder = calling();
  reminder.told(108);
  expect(dueOf(reminder, repeating, [110, 117, 118])).toEqual(["repeat@118"]);
});

test("repetitions missed in a standstill come as one", () => {
  expect(dueOf(calling(), repeating, [1_000, 1_001, 1_009, 1_010])).toEqual(["repeat@1000", "repeat@1010"]);
});

test.each([
  ["both", both, 110],
  ["escalate", escalating, 125],
  ["neither", {}, Number.POSITIVE_INFINITY],
] as const)("a calling alert under %s is due next at %3$d", (_, definition, due) => {
  expect(calling().dueAt(definition)).toBe(due);
});

test("an alert that does not call is due never", () => {
  expect(new Reminder().dueAt(both)).toBe(Number.POSITIVE_INFINITY);
});

const moves = fc.array(
  fc.record({
    gap: fc.nat(20),
    does: fc.constantFrom("call", "hush", "told", "look", "look", "look"),
  }),
);

function take(reminder: Reminder, does: string, at: number): string | undefined {
  if (does === "look") return reminder.step(both, at);
  if (does === "told") reminder.told(at);
  else reminder.follow(does === "call", at);
  return undefined;
}

function written(reminder: Reminder): Uint8Array {
  const writer = new SnapshotWriter(32);
  reminder.write(writer);
  return writer.finish();
}

function restored(bytes: Uint8Array): Reminder {
  const reminder = new Reminder();
  const reader = new SnapshotReader(bytes);
  reminder.read(reader);
  expect(reader.finished).toBe(true);
  return reminder;
}

test("something is due exactly from the time on that is told, and written and read anywhere it stays so", () => {
  fc.assert(
    fc.property(moves, fc.nat(20), (steps, cut) => {
      const whole = new Reminder();
      let parted = new Reminder();
      let at = 0;
      for (const [index, { gap, does }] of steps.entries()) {
        at += gap;
        if (index === cut) parted = restored(written(parted));
        const expectsOne = does === "look" && at >= whole.dueAt(both);
        const due = take(whole, does, at);
        expect(due !== undefined).toBe(expectsOne);
        expect(take(parted, does, at)).toBe(due);
        expect(written(parted)).toEqual(written(whole));
      }
    }),
  );
});
