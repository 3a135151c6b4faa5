import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import fc from "fast-check";
import mqtt from "mqtt";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { revokedSerials } from "../../src/broker/revoked.ts";
import {
  createAuthority,
  describeCertificate,
  type Identity,
  issue,
  revoke,
  revokedIn,
} from "../../src/certificates/authority.ts";
import { type AccessWorld, openAccessWorld, roleOf, userOf } from "../support/access-world.ts";
import { until } from "./harness.ts";

const dayMs = 86_400_000;
let directory = "";
let authority: Identity & { readonly crl: string };
const file = (name: string): string => join(directory, name);

function clientOf(name: string, more: { days?: number; nowMs?: number } = {}): Promise<Identity> {
  return issue(authority, { name, hosts: [], days: 10, nowMs: Date.now(), ...more });
}

async function writeServer(): Promise<Identity> {
  const server = await issue(authority, {
    name: "gateway",
    hosts: ["localhost", "127.0.0.1"],
    days: 10,
    nowMs: Date.now(),
  });
  await writeFile(file("server.pem"), server.certificate);
  await writeFile(file("server.key"), server.key);
  return server;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-certificates-"));
  authority = await createAuthority({ name: "test", days: 100, nowMs: Date.now() });
  writeFileSync(file("ca.pem"), authority.certificate);
  await writeServer();
});

beforeEach(() => writeFile(file("crl.pem"), authority.crl));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function openWorld(protocol: "mqtts" | "wss" = "mqtts"): Promise<AccessWorld> {
  const paths = {
    cert: file("server.pem"),
    key: file("server.key"),
    clientCa: file("ca.pem"),
    crl: file("crl.pem"),
  };
  const listener = {
    protocol,
    host: "127.0.0.1",
    port: 0,
    principal: "certificate",
    anonymous: false,
    ...paths,
  } as const;
  const definition = {
    roles: [roleOf({ publish: ["s/%u"], subscribe: ["s/%u"] })],
    users: [await userOf({ name: "press" })],
    certificateRoles: ["role"],
  };
  return await openAccessWorld(definition, { listeners: [listener] });
}

function connect(
  world: AccessWorld,
  identity: Partial<Identity>,
  protocol = "mqtts",
): Promise<mqtt.MqttClient> {
  const { certificate: cert, key } = identity;
  const shown = cert === undefined || key === undefined ? {} : { cert, key };
  const options = { ca: authority.certificate, ...shown, reconnectPeriod: 0, protocolVersion: 5 } as const;
  return mqtt.connectAsync(`${protocol}://127.0.0.1:${world.port}`, options, false);
}

/** Whether a client can publish where only its own name lets it. */
async function isLetIn(world: AccessWorld, identity: Partial<Identity>, name: string): Promise<boolean> {
  try {
    const client = await connect(world, identity);
    await client.publishAsync(`s/${name}`, "1", { qos: 1 });
    await client.endAsync();
    return true;
  } catch {
    return false;
  }
}

test.each(["mqtts", "wss"] as const)("over %s a client is who its certificate says", async (protocol) => {
  await using world = await openWorld(protocol);
  const client = await connect(world, await clientOf("press-7"), protocol);
  await client.publishAsync("s/press-7", "mine", { qos: 1 });
  await expect(client.publishAsync("s/press-8", "theirs", { qos: 1 })).rejects.toThrow(/not authorized/i);
  await client.endAsync();
  expect(world.sink.payloads).toEqual(["mine"]);
});

test.each<readonly [what: string, make: () => Promise<Partial<Identity>>, letIn: boolean]>([
  ["of the authority", () => clientOf("a"), true],
  ["that is missing", () => Promise.resolve({}), false],
  ["that has expired", () => clientOf("a", { days: 1, nowMs: Date.now() - 5 * dayMs }), false],
  ["that holds from tomorrow", () => clientOf("a", { nowMs: Date.now() + dayMs }), false],
  [
    "of another authority with the same name",
    async () => {
      const other = await createAuthority({ name: "test", days: 100, nowMs: Date.now() });
      return await issue(other, { name: "a", hosts: [], days: 10, nowMs: Date.now() });
    },
    false,
  ],
  [
    "that is the server's own",
    () => issue(authority, { name: "a", hosts: ["localhost"], days: 1, nowMs: Date.now() }),
    false,
  ],
])("a client with a certificate %s", async (_what, make, letIn) => {
  await using world = await openWorld();
  expect(await isLetIn(world, await make(), "a")).toBe(letIn);
});

test("a certificate's user can be disabled like any other", async () => {
  await using world = await openWorld();
  const press = await clientOf("press");
  expect(await isLetIn(world, press, "press")).toBe(true);
  world.replace({
    roles: [roleOf({})],
    users: [await userOf({ disabled: true })],
    certificateRoles: ["role"],
  });
  expect(await isLetIn(world, press, "press")).toBe(false);
});

test("a revoked certificate ends its connection and is not let in again; others stay", async () => {
  await using world = await openWorld();
  const [bad, good] = [await clientOf("bad"), await clientOf("good")];
  const [badClient, goodClient] = [await connect(world, bad), await connect(world, good)];
  let isGone = false;
  badClient.on("close", () => {
    isGone = true;
  });
  const { serialNumber } = describeCertificate(bad.certificate);
  await writeFile(
    file("crl.pem"),
    await revoke(authority, authority.crl, { serialNumber, nowMs: Date.now() }),
  );
  await world.broker.reloadCertificates();
  await until(() => isGone, "disconnected");
  expect(await isLetIn(world, bad, "bad")).toBe(false);
  await goodClient.publishAsync("s/good", "1", { qos: 1 });
  expect(goodClient.connected).toBe(true);
  await goodClient.endAsync();
  expect(world.logger.lines.map(({ fields }) => fields["cause"])).toContain("certificate-revoked");
});

function handshake(world: AccessWorld, { certificate, key }: Identity, session?: Buffer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: authority.certificate,
      cert: certificate,
      key,
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls({ host: "127.0.0.1", port: world.port, ...options }, () => resolve(socket));
    socket.once("error", reject);
  });
}

test("a TLS session cannot be resumed past the list of revoked certificates", async () => {
  await using world = await openWorld();
  const identity = await clientOf("a");
  const first = await handshake(world, identity);
  let session: Buffer | undefined;
  first.on("session", (ticket: Buffer) => {
    session = ticket;
  });
  // Something has to come back for the ticket to come before it.
  first.write(Buffer.from("00", "hex"));
  await new Promise((resolve) => first.once("close", resolve).resume());
  const second = await handshake(world, identity, session);
  expect(second.isSessionReused()).toBe(false);
  second.destroy();
});

test("the gateway's certificate is replaced without dropping anybody, and a wrong one changes nothing", async () => {
  await using world = await openWorld();
  const client = await connect(world, await clientOf("a"));
  const shown = async (): Promise<string> => {
    const socket = await handshake(world, await clientOf("b"));
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber.toLowerCase();
  };
  const before = await shown();
  const next = await writeServer();
  await world.broker.reloadCertificates();
  expect(await shown()).toBe(describeCertificate(next.certificate).serialNumber);
  expect(await shown()).not.toBe(before);
  await writeFile(file("server.pem"), "no certificate");
  await expect(world.broker.reloadCertificates()).rejects.toMatchObject({ code: "BROKER_TLS" });
  expect(await shown()).toBe(describeCertificate(next.certificate).serialNumber);
  await writeServer();
  await client.publishAsync("s/a", "1", { qos: 1 });
  await client.endAsync();
});

test("both readers find the same certificates in a list", async () => {
  let { crl } = authority;
  const serials: string[] = [];
  for (let index = 0; index < 300; index += 1)
    serials.push((0x4000 + index * 7).toString(16).padStart(32, "4"));
  for (const serialNumber of serials.slice(0, 5))
    crl = await revoke(authority, crl, { serialNumber, nowMs: Date.now() });
  expect(new Set(revokedSerials(crl))).toEqual(revokedIn(crl));
  expect([...revokedIn(crl)]).toEqual(serials.slice(0, 5));
  expect(revokedSerials(authority.crl)).toEqual([]);
  expect(revokedSerials(await readFile(file("ca.pem"), "utf8"))).toEqual([]);
});

/** How many certificates a list names, or why it cannot be read. */
function readingOf(pem: string): string {
  try {
    return String(revokedSerials(pem).length);
  } catch (error) {
    return String(error);
  }
}

test("a damaged list is told, or read in part, and does nothing else", () => {
  const der = Buffer.from(authority.crl.replaceAll(/-----.*-----/g, ""), "base64");
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (at, byte, length) => {
      const damaged = Buffer.from(der);
      damaged[at] = byte;
      const pem = `-----BEGIN X509 CRL-----\n${damaged.subarray(0, length).toString("base64")}\n-----END X509 CRL-----`;
      expect(readingOf(pem)).toMatch(/^\d{1,3}$|not a list/);
    }),
  );
});
