/** How a numbered statement of a specification is met: by tests that carry its number, or why by none. */

export interface Statement {
  /** As the specification numbers it: `MQTT-3.1.0-1`. */
  readonly id: string;
  /** What it asks for, in a few words of ours. */
  readonly asks: string;
  /** Why no test carries its number; missing where one does. */
  readonly untested?: string;
}

/** Reads a table: one statement a line, `id | what it asks for`, and `| why it is untested` where no test has it. */
export function statementsOf(section: string, table: string): readonly Statement[] {
  return table
    .trim()
    .split("\n")
    .map((line) => {
      const [number = "", asks = "", untested] = line.split("|").map((part) => part.trim());
      return { id: `${section}-${number}`, asks, ...(untested === undefined ? {} : { untested }) };
    });
}
