/** The clients that people have, over every transport, with every promise that a broker makes them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createAuthority,
  describeCertificate,
  type Identity,
  issue,
  revoke,
} from "../../src/certificates/authority.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { lastingPort } from "../support/lasting-port.ts";
import { mosquittoMissing } from "../support/mosquitto.ts";
import { mosquittoClient, mqttJsClient, type Reach, type RealClient } from "../support/real-clients.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";
import { until } from "../support/until.ts";

const dayMs = 86_400_000;
const transports = ["tcp", "tls", "mutual TLS", "WebSocket", "WebSocket over TLS"] as const;
type TransportName = (typeof transports)[number];

let directory: TemporaryDirectory;
let gateway: GatewayProcess;
let authority: Identity & { readonly crl: string };
const reaches = new Map<TransportName, Reach>();

function path(name: string): string {
  return join(directory.path, name);
}

async function keep(name: string, { certificate, key }: Identity): Promise<void> {
  await writeFile(path(`${name}.pem`), certificate);
  await writeFile(path(`${name}.key`), key);
}

/** A certificate of a client. */
function clientCertificate(
  issuer: Identity & { readonly crl: string },
  more: { readonly days?: number; readonly nowMs?: number } = {},
): Promise<Identity> {
  return issue(issuer, { name: "press-7", hosts: [], days: 10, nowMs: Date.now(), ...more });
}

beforeAll(async () => {
  directory = await temporaryDirectory("clients");
  authority = await createAuthority({ name: "plant", days: 100, nowMs: Date.now() });
  await writeFile(path("ca.pem"), authority.certificate);
  const hosts = ["localhost", "127.0.0.1"];
  await keep("server", await issue(authority, { name: "gateway", hosts, days: 10, nowMs: Date.now() }));
  await keep("client", await clientCertificate(authority));
  const revoked = await clientCertificate(authority);
  await keep("revoked", revoked);
  const { serialNumber } = describeCertificate(revoked.certificate);
  const crl = await revoke(authority, authority.crl, { serialNumber, nowMs: Date.now() });
  await writeFile(path("crl.pem"), crl);
  const ports = await Promise.all(transports.map(() => lastingPort()));
  const server = { cert: path("server.pem"), key: path("server.key") };
  const protocols = ["mqtt", "mqtts", "mqtts", "ws", "wss"] as const;
  const listeners = protocols.map((protocol, index) => ({
    protocol,
    host: "127.0.0.1",
    port: ports[index]!,
    ...(protocol.endsWith("s") && protocol !== "ws" ? server : {}),
    ...(transports[index] === "mutual TLS" ? { clientCa: path("ca.pem"), crl: path("crl.pem") } : {}),
  }));
  for (const [index, name] of transports.entries()) {
    const protocol = protocols[index]!;
    reaches.set(name, {
      protocol,
      host: "127.0.0.1",
      port: ports[index]!,
      ...(protocol === "mqtts" || protocol === "wss" ? { ca: path("ca.pem") } : {}),
      ...(name === "mutual TLS" ? { cert: path("client.pem"), key: path("client.key") } : {}),
    });
  }
  gateway = await startGateway({ directory: directory.path, config: { listeners } });
});

afterAll(async () => {
  await gateway?.close();
  await directory?.[Symbol.asyncDispose]();
});

interface Row {
  readonly program: string;
  readonly transport: TransportName;
  /** Its leave is a DISCONNECT with reason 0x04, "disconnect with will message". */
  readonly leavesWithWill: boolean;
  readonly make: (reach: Reach) => RealClient;
}

const mosquittoRows = ([31, 311, 5] as const).flatMap((version) =>
  // Its programs speak no WebSocket in the versions that Debian has.
  (["tcp", "tls", "mutual TLS"] as const).map(
    (transport): Row => ({
      program: `mosquitto ${version}`,
      transport,
      leavesWithWill: version === 5,
      make: (reach) => mosquittoClient(reach, version),
    }),
  ),
);

const mqttJsRows = ([4, 5] as const).flatMap((version) =>
  transports.map(
    (transport): Row => ({
      program: `mqtt.js ${version}`,
      transport,
      leavesWithWill: false,
      make: (reach) => mqttJsClient(reach, version),
    }),
  ),
);

const rows = (mosquittoMissing ? mqttJsRows : [...mosquittoRows, ...mqttJsRows]).map((row, index) => ({
  ...row,
  // Short, since MQTT 3.1 has client ids of at most 23 characters.
  space: `client-${index}`,
}));

describe.each(rows)("$program over $transport", ({ space, transport, leavesWithWill, make }) => {
  const client = (): RealClient => make(reaches.get(transport)!);

  test.each([0, 1, 2] as const)(
    "what is published at QoS %i arrives once, with that quality",
    async (qos) => {
      const topic = `${space}/q${qos}`;
      const subscriber = await client().subscribe({ topic, qos, clientId: `${space}-q${qos}` });
      await client().publish({ topic, payload: "21.5", qos });
      await until("it has arrived", () => subscriber.arrived.length > 0);
      await subscriber.leave();
      expect(subscriber.arrived).toEqual([{ topic, payload: "21.5", qos, retain: false }]);
    },
  );

  test("what is retained is there for who comes later, until it is cleared", async () => {
    const topic = `${space}/retained`;
    await client().publish({ topic, payload: "1", qos: 1, retain: true });
    await client().publish({ topic, payload: "2", qos: 1, retain: true });
    const later = await client().subscribe({ topic, qos: 1, clientId: `${space}-later` });
    await until("it is there", () => later.arrived.length > 0);
    await later.leave();
    expect(later.arrived).toEqual([{ topic, payload: "2", qos: 1, retain: true }]);
    await client().publish({ topic, payload: "", qos: 1, retain: true });
    const last = await client().subscribe({ topic: `${space}/#`, qos: 1, clientId: `${space}-last` });
    await client().publish({ topic: `${space}/end`, payload: "end", qos: 1 });
    await until("the end is there", () => last.arrived.some(({ payload }) => payload === "end"));
    await last.leave();
    expect(last.arrived.map(({ payload }) => payload)).toEqual(["end"]);
  });

  test("the will is published when its client goes without a word, and where its leave asks for it", async () => {
    const topic = `${space}/will`;
    const witness = await client().subscribe({ topic, qos: 1, clientId: `${space}-witness` });
    const options = { topic: `${space}/none`, qos: 0, clientId: `${space}-mortal` } as const;
    const polite = await client().subscribe({ ...options, will: { topic, payload: "polite" } });
    await polite.leave();
    const mortal = await client().subscribe({ ...options, will: { topic, payload: "killed" } });
    await mortal.kill();
    await until("the will is published", () => witness.arrived.some(({ payload }) => payload === "killed"));
    await witness.leave();
    const expected = leavesWithWill ? ["polite", "killed"] : ["killed"];
    expect(witness.arrived.map(({ payload }) => payload)).toEqual(expected);
  });

  test("what came while a session was away is delivered in order when it is back", async () => {
    const topic = `${space}/session`;
    const options = { topic, qos: 1, clientId: `${space}-session`, persistent: true } as const;
    await (await client().subscribe(options)).leave();
    const payloads = ["1", "2", "3"];
    for (const payload of payloads) await client().publish({ topic, payload, qos: 1 });
    const back = await client().subscribe(options);
    await until("all are there", () => back.arrived.length >= payloads.length);
    await back.leave();
    expect(back.arrived.map(({ payload }) => payload)).toEqual(payloads);
  });
});

test.skipIf(mosquittoMissing).each<readonly [what: string, make: () => Promise<Partial<Identity>>]>([
  ["without a certificate", () => Promise.resolve({})],
  [
    "with a certificate that has expired",
    () => clientCertificate(authority, { days: 1, nowMs: Date.now() - 5 * dayMs }),
  ],
  [
    "with a certificate of another authority",
    async () => clientCertificate(await createAuthority({ name: "plant", days: 9, nowMs: Date.now() })),
  ],
])("a mosquitto client %s is not let in", async (_what, make) => {
  const { cert: _cert, key: _key, ...bare } = reaches.get("mutual TLS")!;
  const { certificate, key } = await make();
  const isShown = certificate !== undefined && key !== undefined;
  if (isShown) await keep("stranger", { certificate, key });
  const shown = isShown ? { cert: path("stranger.pem"), key: path("stranger.key") } : {};
  const stranger = mosquittoClient({ ...bare, ...shown }, 311);
  await expect(stranger.publish({ topic: "t", payload: "1", qos: 1 })).rejects.toThrow(/ended with [1-9]/);
});

test.skipIf(mosquittoMissing)("a mosquitto client with a revoked certificate is not let in", async () => {
  const shown = { cert: path("revoked.pem"), key: path("revoked.key") };
  const stranger = mosquittoClient({ ...reaches.get("mutual TLS")!, ...shown }, 5);
  await expect(stranger.publish({ topic: "t", payload: "1", qos: 1 })).rejects.toThrow(/ended with [1-9]/);
});

test("nothing of all this was lost or counted twice", async () => {
  expect(await gateway.ledger()).toMatchObject({ balanced: true });
});
