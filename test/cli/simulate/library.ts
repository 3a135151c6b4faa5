/** The library of device profiles, for tests that simulate them. */
import { fileURLToPath } from "node:url";
import { type LoadedProfiles, loadProfiles } from "../../../src/config/profiles.ts";
import { codecNames } from "../../../src/core/decode.ts";
import type { DeviceProfile } from "../../../src/core/profile.ts";

const directory = fileURLToPath(new URL("../../../devices/", import.meta.url));

/** All profiles of the library. */
export function library(): Promise<LoadedProfiles> {
  return loadProfiles([directory], { codecs: codecNames, shownFrom: directory });
}

/** One profile of a list. */
export function profileOf(profiles: readonly DeviceProfile[], id: string): DeviceProfile {
  const found = profiles.find((profile) => profile.id === id);
  if (found === undefined) throw new Error(`the library has no ${id}`);
  return found;
}
