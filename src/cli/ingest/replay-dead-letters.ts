/** `holdfast ingest replay-dead-letters`: decodes again what a running gateway has refused and kept. */
import type { AddressOptions } from "../alerts/address.ts";
import { withGateway } from "../alerts/gateway-session.ts";
import type { ShownReplay } from "../alerts/shown-replay.ts";
import type { CommandContext } from "../context.ts";
import { tableLines } from "../devices/table.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { writeJson } from "../report.ts";
import { grouped } from "../style.ts";

/** Options of `replay-dead-letters`, checked. */
export interface ReplayOptions extends AddressOptions {
  readonly topic?: string;
  readonly cause?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * Has dead letters decoded again, and shows what has become of them.
 *
 * @returns 0 also when some are still refused, 1 when the gateway says no, 3 when the configuration is invalid, 4
 *   when no gateway answers.
 * @throws AppError `CLI_USAGE`.
 */
export async function replayDeadLetters(context: CommandContext, options: ReplayOptions): Promise<ExitCode> {
  const { topic, cause, dryRun, json } = options;
  return await withGateway(context, options, async (gateway) => {
    const replay = await gateway.replayDeadLetters({
      ...(topic === undefined ? {} : { topic }),
      ...(cause === undefined ? {} : { cause }),
      dryRun,
    });
    if (json) writeJson(context, replay.answered);
    else printReplay(context, replay);
    return exitCodes.done;
  });
}

function printReplay({ out, err }: CommandContext, replay: ShownReplay): void {
  const { dryRun, examined, recovered, cut, refused } = replay;
  if (examined === 0) {
    err.write("There are no such dead letters.\n");
    return;
  }
  const rows: string[][] = [[dryRun ? "would be recovered" : "recovered", grouped(recovered), "", ""]];
  for (const { cause, count, examples } of refused) {
    const [first] = examples;
    const outcome = `${dryRun ? "would be" : "still"} refused: ${cause}`;
    rows.push([outcome, grouped(count), first?.topic ?? "", first?.detail ?? ""]);
    for (const { topic, detail } of examples.slice(1)) rows.push(["", "", topic, detail]);
  }
  if (cut > 0) rows.push(["kept only in part", grouped(cut), "", "cannot be decoded"]);
  for (const line of tableLines(out, ["outcome", "letters", "for example", ""], rows)) out.write(`${line}\n`);
  const last = dryRun ? "This was a dry run: nothing has changed." : "The rest is as it was.";
  err.write(`${grouped(examined)} examined. ${last}\n`);
}
