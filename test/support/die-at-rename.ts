/**
 * Loaded into a gateway before it starts: ends it at once around the replacement of its users file, while a file
 * `die-before-rename` or `die-after-rename` stands in its directory.
 */
import { existsSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const rename = promises.rename.bind(promises);

promises.rename = async (from, to) => {
  const isUsersFile = String(to).endsWith("users.jsonc");
  if (isUsersFile && existsSync("die-before-rename")) process.kill(process.pid, "SIGKILL");
  await rename(from, to);
  if (isUsersFile && existsSync("die-after-rename")) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
