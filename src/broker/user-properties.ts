/**
 * User properties in the order in which they were sent. Source: MQTT 5.0 §§ 3.1.3.2.8, 3.3.2.3.7.
 *
 * The packet parser files them under their names, so that names which are numbers come first and equal ones come
 * together. A list of objects with one name each is what the packet writer writes in order.
 */
import { userPropertiesIn } from "./property-block.ts";

/** The inside of the packet parser. */
export interface PropertyParser {
  _pos: number;
  readonly _list: { slice(start: number, end: number): Buffer };
  _parseProperties(): false | Record<string, unknown>;
}

// The parser marks with an underscore what is its own; this file is where it is touched all the same.
/* oxlint-disable no-underscore-dangle */

/** Has a parser keep the order of user properties. */
export function keepUserProperties(parser: PropertyParser): void {
  const parse = parser._parseProperties.bind(parser);
  parser._parseProperties = () => {
    const start = parser._pos;
    const properties = parse();
    if (properties !== false && properties["userProperties"] !== undefined) {
      properties["userProperties"] = userPropertiesIn(parser._list.slice(start, parser._pos));
    }
    return properties;
  };
}
