/** Hands a command to the gateway, and tells why it could not be taken. */
import type { GatewayCommand } from "../core/command.ts";
import { AppError } from "../core/errors.ts";
import type { Commander } from "../core/ports.ts";
import type { ReadModel } from "../core/read-model.ts";
import type { RouteOutcome } from "./route.ts";

/** @returns Nothing when the command is in the log. */
export async function commandFailure(
  {
    readModel,
    commander,
  }: { readonly readModel: Pick<ReadModel, "readiness">; readonly commander: Commander },
  command: GatewayCommand,
): Promise<RouteOutcome | undefined> {
  if (!readModel.readiness().store.ready) return unwritable;
  try {
    await commander.command(command);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return unwritable;
    throw error;
  }
}

const unwritable: RouteOutcome = {
  problem: {
    status: 503,
    title: "The gateway cannot write.",
    detail: "A command counts when it is in the log, and the store does not take it now; try again.",
  },
};
