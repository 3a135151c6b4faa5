import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createAuthority, describeCertificate, issue, revoke } from "../../src/certificates/authority.ts";
import { holdfastInProcess } from "../cli/in-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const nowMs = Date.UTC(2026, 8, 1);
const dayMs = 86_400_000;

test("a certificate says whose it is, for how long and for what", async () => {
  const authority = await createAuthority({ name: "site", days: 100, nowMs });
  const ca = new X509Certificate(authority.certificate);
  const device = await issue(authority, { name: "press-7, O=elsewhere", hosts: [], days: 10, nowMs });
  const shown = new X509Certificate(device.certificate);
  expect(shown.toLegacyObject().subject).toEqual({ CN: "press-7, O=elsewhere" });
  expect([shown.checkIssued(ca), shown.verify(ca.publicKey), shown.ca, ca.ca]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect(describeCertificate(device.certificate).notAfterMs).toBe(nowMs + 10 * dayMs);
  expect(shown.checkPrivateKey((await import("node:crypto")).createPrivateKey(device.key))).toBe(true);
  expect(shown.validFromDate.getTime()).toBeLessThan(nowMs);
});

test("a certificate holds no longer than its authority, and a server's names its hosts", async () => {
  const authority = await createAuthority({ name: "site", days: 5, nowMs });
  const hosts = ["gw.example", "10.0.0.1", "::1"];
  const server = await issue(authority, { name: "gateway", hosts, days: 100, nowMs });
  expect(describeCertificate(server.certificate).notAfterMs).toBe(nowMs + 5 * dayMs);
  const shown = new X509Certificate(server.certificate);
  expect([
    shown.checkHost("gw.example"),
    shown.checkIP("10.0.0.1"),
    shown.checkHost("other.example"),
  ]).toEqual(["gw.example", "10.0.0.1", undefined]);
});

const isOpensslHere = spawnSync("openssl", ["version"]).error === undefined;

test.skipIf(!isOpensslHere && process.env["CI"] === undefined)(
  "openssl agrees on what is revoked",
  async () => {
    await using directory = await temporaryDirectory("authority");
    const file = (name: string): string => join(directory.path, name);
    const authority = await createAuthority({ name: "site", days: 100, nowMs: Date.now() });
    const request = { hosts: [], days: 10, nowMs: Date.now() };
    const [good, bad] = [
      await issue(authority, { name: "good", ...request }),
      await issue(authority, { name: "bad", ...request }),
    ];
    let { crl } = authority;
    // So many that the number of the list needs a byte of its own for the sign.
    for (let index = 0; index < 130; index += 1) {
      const serialNumber = (0x5000 + index).toString(16);
      crl = await revoke(authority, crl, { serialNumber, nowMs: Date.now() });
    }
    crl = await revoke(authority, crl, { ...describeCertificate(bad.certificate), nowMs: Date.now() });
    await writeFile(file("trust.pem"), `${authority.certificate}\n${crl}\n`);
    await writeFile(file("crl.pem"), crl);
    await writeFile(file("good.pem"), good.certificate);
    await writeFile(file("bad.pem"), bad.certificate);
    const verdict = (name: string): string =>
      spawnSync("openssl", [
        "verify",
        "-x509_strict",
        "-crl_check",
        "-CAfile",
        file("trust.pem"),
        file(name),
      ]).output.join("");
    expect(verdict("good.pem")).toContain("good.pem: OK");
    expect(verdict("bad.pem")).toContain("certificate revoked");
    const text = execFileSync("openssl", ["crl", "-in", file("crl.pem"), "-noout", "-text"], {
      encoding: "utf8",
    });
    expect(text).toMatch(/X509v3 CRL Number:\s+(?:132|0x84)/);
  },
);

test("commands make an authority, issue, revoke and list; keys are for their owner only", async () => {
  await using directory = await temporaryDirectory("authority");
  const run = (...words: readonly string[]) => holdfastInProcess(["cert", ...words], directory.path);
  expect((await run("issue", "press-7")).err).toContain("cert init");
  expect((await run("init")).code).toBe(0);
  expect((await run("init")).err).toContain("CERT_EXISTS");
  const issued = await run("issue", "press-7", "--json");
  const { cert, key } = JSON.parse(issued.out);
  expect([cert, key]).toEqual(
    ["pem", "key"].map((end) => join(directory.path, `certificates/press-7.${end}`)),
  );
  for (const path of [key, join(directory.path, "certificates/ca.key")]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
  expect((await run("issue", "../up/press")).code).toBe(0);
  expect((await run("revoke", "press-7")).code).toBe(0);
  expect((await run("revoke", "press-7")).code).toBe(2);
  const { certificates } = JSON.parse((await run("list", "--json")).out);
  expect(certificates).toMatchObject([
    { name: "../up/press", state: "valid" },
    { name: "press-7", state: "revoked" },
  ]);
});
