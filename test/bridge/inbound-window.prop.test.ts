import fc from "fast-check";
import { expect, test } from "vitest";
import { InboundWindow } from "../../src/bridge/inbound-window.ts";

test("every message is acknowledged once, in the order in which all came, and never before its commit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("wait", "pass", "commit"), { maxLength: 4_000, size: "max" }),
      (steps) => {
        const acknowledged: number[] = [];
        const window = new InboundWindow(({ packetId }) => acknowledged.push(packetId));
        const arrived: number[] = [];
        const waiting: number[] = [];
        for (const step of steps) {
          if (step === "commit") {
            const packetId = waiting.shift();
            if (packetId !== undefined) window.committed(packetId);
            continue;
          }
          const packetId = arrived.length + 1;
          arrived.push(packetId);
          if (step === "wait") waiting.push(packetId);
          window[step === "wait" ? "await" : "pass"]({ packetId, qos: 1, bytes: packetId });
          expect(window.count).toBe(arrived.length - acknowledged.length);
        }
        const due = waiting.length === 0 ? arrived : arrived.slice(0, waiting[0]! - 1);
        expect(acknowledged).toEqual(due);
        const left = arrived.slice(due.length);
        expect(window.bytes).toBe(left.reduce((sum, bytes) => sum + bytes, 0));
      },
    ),
  );
});
