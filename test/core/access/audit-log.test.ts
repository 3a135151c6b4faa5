import { expect, test } from "vitest";
import { AuditLog } from "../../../src/core/access/audit-log.ts";
import { auditLinesPerSecond } from "../../../src/core/limits.ts";
import { RememberingLogger } from "../../support/remembering-logger.ts";

function opened(): { audit: AuditLog; logger: RememberingLogger; clock: { nowMs: number } } {
  const clock = { nowMs: 0 };
  const logger = new RememberingLogger();
  return { audit: new AuditLog(logger, { monotonicMs: () => clock.nowMs }), logger, clock };
}

test("so many lines are written in a second, and the next one tells how many were not", () => {
  const { audit, logger, clock } = opened();
  for (let line = 0; line < auditLinesPerSecond + 7; line += 1)
    audit.write("login", { user: `user ${line}` });
  expect(logger.lines).toHaveLength(auditLinesPerSecond);
  clock.nowMs = 1_000;
  audit.write("login", { user: "late" });
  audit.write("login", { user: "later" });
  expect(logger.lines.slice(-2).map(({ fields }) => fields["suppressed"])).toEqual([7, undefined]);
});

test("what clients choose is cut to a length, and what is not known is left out", () => {
  const { audit, logger } = opened();
  audit.write("publish-denied", { topic: "t".repeat(1_000), user: undefined });
  expect(logger.lines[0]?.fields).toEqual({
    event: "audit",
    action: "publish-denied",
    topic: "t".repeat(256),
  });
});
