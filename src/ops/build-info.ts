/** Which build this is. */
import manifest from "../../package.json" with { type: "json" };

/** The version of this program, as in package.json. Bundling writes it into the program. */
export const version: string = manifest.version;
