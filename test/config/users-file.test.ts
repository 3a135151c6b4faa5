import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { editUsersFile } from "../../src/config/users-file.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const options = { ownTopicPrefix: "holdfast/" };

function addUser(path: string, name: string): ReturnType<typeof editUsersFile> {
  return editUsersFile(path, options, () => [{ path: ["users", name], value: { roles: ["sensor"] } }]);
}

test("edits made at once are all in the file, and nothing is left beside it", async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  const names = Array.from({ length: 25 }, (_, index) => `press-${index}`);
  await Promise.all(names.map((name) => addUser(path, name)));
  const now = await editUsersFile(path, options, () => []);
  expect(now.ok && now.value.users.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  expect(await readdir(directory.path)).toEqual(["users.jsonc"]);
});

test("an edit sees what the edit before it has written", async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  const seen: number[] = [];
  const grow = (): ReturnType<typeof editUsersFile> =>
    editUsersFile(path, options, ({ users }) => {
      seen.push(users.length);
      return [{ path: ["users", `u${users.length}`], value: { roles: ["sensor"] } }];
    });
  await Promise.all([grow(), grow(), grow(), grow()]);
  expect(seen.toSorted((left, right) => left - right)).toEqual([0, 1, 2, 3]);
});

test("an edit that would make the file wrong changes nothing", async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  await addUser(path, "press");
  const before = await readFile(path, "utf8");
  const edited = await editUsersFile(path, options, () => [
    { path: ["users", "oven"], value: { roles: ["none"] } },
  ]);
  expect(edited).toMatchObject({ ok: false, problems: [{ code: "USERS_ROLE_UNKNOWN" }] });
  expect(await readFile(path, "utf8")).toBe(before);
});

test.each([
  ["a process that is gone", "999999999"],
  ["nobody, long ago", ""],
])("a lock that was left behind by %s holds nobody up", async (_what, owner) => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  await writeFile(`${path}.lock`, owner);
  if (owner === "") await utimes(`${path}.lock`, 1, 1);
  const startedMs = performance.now();
  expect(await addUser(path, "press")).toMatchObject({ ok: true });
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test("whoever cannot have the file says so after a while", { timeout: 20_000 }, async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  await writeFile(`${path}.lock`, String(process.pid));
  await expect(addUser(path, "press")).rejects.toMatchObject({ code: "USERS_BUSY" });
});

test("a file that would be larger than what is read is not written", async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  await writeFile(path, `{ "roles": { "sensor": {} } } //${"x".repeat(1_048_500)}`);
  await expect(addUser(path, "press")).rejects.toMatchObject({ code: "USERS_WRITE" });
});

test("a directory that cannot be written is told as such", async () => {
  await using directory = await temporaryDirectory("users");
  const path = join(directory.path, "users.jsonc");
  await mkdir(path);
  await expect(addUser(path, "press")).rejects.toMatchObject({ code: "USERS_READ" });
  await expect(addUser(join(path, "none", "users.jsonc"), "press")).rejects.toMatchObject({
    code: "USERS_WRITE",
  });
});
