/** `holdfast verify`: reads a whole store and names what is missing or damaged. */
import { resolve } from "node:path";
import { streamNames } from "../core/streams.ts";
import { type VerifyOptions, type VerifyReport, verifyStore } from "../store/verify.ts";
import type { CommandContext, Output } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { writeJson } from "./report.ts";
import { grouped, styled } from "./style.ts";

/** How often progress is shown on a terminal. */
const progressEveryMs = 200;

/**
 * Verifies a data directory.
 *
 * @returns 0 when nothing is missing and nothing contradicts anything, 5 when the store is damaged.
 * @throws AppError `STORE_LOCKED`, `STORE_VERSION`, `STORE_FAILED`.
 */
export async function verify(
  context: CommandContext,
  directory: string,
  options: { readonly json: boolean },
): Promise<ExitCode> {
  const report = await verifyStore(resolve(context.workingDirectory, directory), progressTo(context));
  if (context.err.isTerminal) context.err.write("\r\u001b[K");
  if (options.json) writeJson(context, report);
  else context.out.write(describe(report, context.out));
  return report.ok ? exitCodes.done : exitCodes.store;
}

function progressTo({ err, clock }: CommandContext): VerifyOptions {
  if (!err.isTerminal) return {};
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    onProgress({ what, done, total }) {
      const now = clock.monotonicMs();
      if (now - shownMs < progressEveryMs) return;
      shownMs = now;
      err.write(`\r\u001b[K${what}: ${grouped(done)} of ${grouped(total)}`);
    },
  };
}

/** The report for people: what is there, then each thing that is wrong, then the verdict. */
function describe(report: VerifyReport, out: Output): string {
  const { records, series, checkpoint, gaps, findings } = report;
  const lines = [
    `log        records ${range(records)}, ${grouped(records.samples)} samples of ${grouped(series)} series`,
  ];
  for (const name of streamNames) {
    const stream = report.streams[name];
    const cursors = Object.entries(stream.cursors).map(([upstream, to]) => `, ${upstream} at ${grouped(to)}`);
    lines.push(`${name.padEnd(9)}  records ${range(stream)}${cursors.join("")}`);
  }
  lines.push(`checkpoint ${checkpoint === undefined ? "none" : `at record ${grouped(checkpoint)}`}`);
  for (const { what, from, to, cause } of gaps) {
    const missing = from === to ? grouped(from) : `${grouped(from)} to ${grouped(to)}`;
    lines.push(styled(out, "red", `missing in ${what}: ${missing} (${cause})`));
  }
  for (const finding of findings) lines.push(styled(out, "red", `wrong: ${finding}`));
  const count = gaps.length + findings.length;
  lines.push(
    report.ok
      ? styled(out, "green", "Nothing is missing.")
      : styled(
          out,
          "red",
          `The store is damaged: ${count === 1 ? "1 finding" : `${grouped(count)} findings`}.`,
        ),
  );
  return `${lines.join("\n")}\n`;
}

function range({ first, last, present }: { first: number; last: number; present: number }): string {
  return last < first ? "none" : `${grouped(first)} to ${grouped(last)}, ${grouped(present)} present`;
}
