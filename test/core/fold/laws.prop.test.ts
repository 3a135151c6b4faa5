/** What holds in every life of a gateway, whatever the rules, their edits, the samples and the clocks are. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeviceCommand } from "../../../src/core/command.ts";
import { FoldState } from "../../../src/core/fold/state.ts";
import type { AlertRecord } from "../../../src/core/streams.ts";
import { recordOf } from "../../support/records.ts";
import { allTools } from "../../support/rule-zoo.ts";
import { life, type Live, lived } from "./life.ts";

function alertsOf({ effects }: Live): readonly AlertRecord[] {
  return effects.flatMap(({ alerts }) => alerts);
}

/** Every number in a value, at any depth. */
function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

test("every number that is told is one", () => {
  fc.assert(
    fc.property(life, (all) => {
      const strange = lived(all)
        .effects.flatMap(({ alerts, summaries, ledger, status }) => [
          ...alerts,
          ...summaries,
          ...ledger,
          ...status,
        ])
        .filter((record) => numbersIn(record).some((one) => !Number.isFinite(one)));
      expect(strange).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("no alert is told to have begun after it is told", () => {
  fc.assert(
    fc.property(life, (all) => {
      expect(alertsOf(lived(all)).filter(({ since, at }) => !(since <= at))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("no change of an alert is told to have been before an earlier one, as long as no clock is set and no group begins anew", () => {
  fc.assert(
    fc.property(life, (all) => {
      const steady = all.filter(
        ({ stepMs, edit, command }) =>
          stepMs === undefined && edit === undefined && (command === undefined || !isDeviceCommand(command)),
      );
      const newest = new Map<string, number>();
      const back = alertsOf(lived(steady)).filter(({ rule, key, at, historical }) => {
        if (historical) return false;
        const alert = `${rule} ${JSON.stringify(key)}`;
        const before = newest.get(alert) ?? at;
        newest.set(alert, at);
        return at < before;
      });
      expect(back).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("what is at rest is not told to be muted", () => {
  fc.assert(
    fc.property(life, (all) => {
      const muted = alertsOf(lived(all)).filter(
        ({ state, reason }) => reason === "inhibited" && state !== "firing" && state !== "flapping",
      );
      expect(muted).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("a state that is read back is, byte for byte, the one that was written", () => {
  fc.assert(
    fc.property(life, (all) => {
      const { state } = lived(all);
      const written = state.snapshot();
      const restored = FoldState.restore(written, allTools)!;
      expect(restored.snapshot()).toEqual(written);
      expect([restored.overflowCount, restored.refusedGroupCount, restored.paneCount]).toEqual([
        state.overflowCount,
        state.refusedGroupCount,
        state.paneCount,
      ]);
    }),
    { numRuns: 40 },
  );
});

test("once nothing is asked for, nothing fires and nothing is held", () => {
  fc.assert(
    fc.property(life, (all) => {
      const { state } = lived(all);
      const record = recordOf({ seq: state.seq + 1, settings: { rules: [], rollups: [], devices: [] } });
      state.admit(record, "new");
      state.step(record);
      const left = state.alerts.records().filter((one) => one.state !== "resolved" && one.state !== "ok");
      expect([state.paneCount, state.groupCount, left]).toEqual([0, 0, []]);
    }),
    { numRuns: 40 },
  );
});
