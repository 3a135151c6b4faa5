/** What is said about series becomes part of their definitions, where those lack it. */
import type { DeviceFact } from "../fact.ts";
import type { SeriesDefinition } from "../sample.ts";
import { Catalogue } from "./catalogue.ts";

/**
 * Gives new series without a unit the one that is said of them.
 *
 * @param held - What was known before.
 * @param facts - What is said in the same record, which is newer.
 */
export function describeSeries(
  definitions: readonly SeriesDefinition[],
  held: Catalogue,
  facts: readonly DeviceFact[],
): readonly SeriesDefinition[] {
  if (definitions.length === 0 || (held.size === 0 && facts.length === 0)) return definitions;
  const said = new Catalogue();
  said.apply(facts);
  return definitions.map((definition) => {
    if (definition.unit !== undefined) return definition;
    const unit = said.unitOf(definition) ?? held.unitOf(definition);
    return unit === undefined ? definition : { ...definition, unit };
  });
}
