/** What is stored of sessions reads back as it was written. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeHeader,
  decodeMessage,
  decodeProgress,
  decodeRetained,
  decodeSubscription,
  decodeWill,
  encodeHeader,
  encodeMessage,
  encodeProgress,
  encodeRetained,
  encodeSubscription,
  encodeWill,
  KeyKind,
  keyParts,
  messageKey,
  retainedKey,
  sessionKey,
} from "../../src/broker/session-values.ts";

const count = fc.nat(2 ** 31);
const moment = fc.nat(2 ** 50);
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const properties = fc.option(
  fc.record({
    contentType: text,
    correlationData: payload.filter(({ length }) => length > 0),
    payloadFormatIndicator: fc.boolean(),
    userProperties: fc.array(
      fc
        .tuple(fc.constantFrom("7", "b", "7", "__proto__", "a"), text)
        .map(([name, value]) => ({ [name]: value })),
      { minLength: 1, maxLength: 5 },
    ),
  }),
  { nil: undefined },
);
const packet = fc
  .record({
    topic: text,
    payload,
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retain: fc.boolean(),
    messageExpiry: fc.option(
      fc.record({
        seconds: count,
        since: fc.record({ runningMs: moment, wallMs: moment, synced: fc.boolean() }),
      }),
      { nil: undefined },
    ),
    properties,
  })
  .map(({ messageExpiry, properties: more, ...plain }) => ({
    cmd: "publish",
    ...plain,
    ...(messageExpiry === undefined ? {} : { messageExpiry }),
    ...(more === undefined ? {} : { properties: more }),
  }));
const delivery = fc.record({
  session: count,
  index: count,
  qos: fc.constantFrom(1 as const, 2 as const),
  retain: fc.boolean(),
  identifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 4 }),
});

test("messages, retained messages and wills", () => {
  fc.assert(
    fc.property(
      packet,
      moment,
      fc.array(delivery, { maxLength: 5 }),
      count,
      (one, queuedAtMs, deliveries, delay) => {
        expect(decodeMessage(encodeMessage({ packet: one, queuedAtMs, deliveries }))).toEqual({
          packet: one,
          queuedAtMs,
          deliveries,
        });
        expect(decodeRetained(encodeRetained(one))).toEqual(one);
        expect(decodeWill(encodeWill(one, delay))).toEqual({ packet: one, delaySeconds: delay });
      },
    ),
  );
});

test("sessions, their progress and their subscriptions", () => {
  const awayAt = fc.option(fc.record({ runningMs: moment, wallMs: moment, synced: fc.boolean() }), {
    nil: undefined,
  });
  const principal = fc.constantFrom(
    undefined,
    { kind: "anonymous", name: "" } as const,
    { kind: "user", name: "ada" } as const,
    { kind: "certificate", name: "gw-7", tenant: "north" } as const,
  );
  const header = fc.record({ id: text, expirySeconds: count, nextIndex: count, principal, awayAt });
  const progress = fc.record({
    floor: count,
    sentTo: count,
    done: fc.array(fc.record({ start: count, end: count }), { maxLength: 9 }),
    released: fc.array(count, { maxLength: 9 }),
  });
  const subscription = fc.record({
    topic: text,
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    rap: fc.boolean(),
    nl: fc.boolean(),
    rh: fc.nat(2),
    subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }),
  });
  fc.assert(
    fc.property(header, progress, subscription, (session, done, subscribed) => {
      expect(decodeHeader(encodeHeader(session))).toEqual(session);
      expect(decodeProgress(encodeProgress(done))).toEqual(done);
      expect(decodeSubscription(subscribed.topic, encodeSubscription(subscribed))).toEqual(subscribed);
    }),
  );
});

test("keys say what they name, and sort so that a session comes before what it has", () => {
  fc.assert(
    fc.property(count, moment, text, fc.nat(65_535), (session, number, name, packetId) => {
      const keys = [
        sessionKey(KeyKind.session, session),
        sessionKey(KeyKind.progress, session),
        sessionKey(KeyKind.filter, session, name),
        sessionKey(KeyKind.incoming, session, packetId),
        sessionKey(KeyKind.will, session),
        retainedKey(name),
        messageKey(number),
      ];
      expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys);
      const parts = keys.map((key) => keyParts(key));
      expect(parts.map((part) => part.number)).toEqual([
        session,
        session,
        session,
        session,
        session,
        0,
        number,
      ]);
      expect(parts[2]!.rest.toString()).toBe(name);
      expect(parts[3]!.rest.readUInt16BE(0)).toBe(packetId);
      expect(parts[5]!.rest.toString()).toBe(name);
    }),
  );
});
