/** The one place where these commands make the state of a gateway. */
import { FoldState } from "../../core/fold/state.ts";
import type { Settings } from "../../core/record.ts";
import type { RuleDefinition } from "../../core/rule/definition.ts";
import { ruleTools } from "../../rule-tools.ts";

/**
 * Loads what rules need, and gives the way to make the state of a gateway that knows nothing yet.
 *
 * @param rules - All that will be put in force.
 */
export async function prepareState(rules: readonly RuleDefinition[]): Promise<() => FoldState> {
  await ruleTools.prepare(rules);
  return () => new FoldState(ruleTools.tools);
}

/** The settings in a checkpoint; nothing when it was written by another version. */
export async function settingsIn(checkpoint: Uint8Array): Promise<Settings | undefined> {
  await ruleTools.prepare(FoldState.rulesIn(checkpoint));
  return FoldState.restore(checkpoint, ruleTools.tools)?.settings;
}
