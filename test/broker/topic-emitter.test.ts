import { expect, test } from "vitest";
import type { EnginePacket } from "../../src/broker/engine.ts";
import { TopicEmitter } from "../../src/broker/topic-emitter.ts";

const packet: EnginePacket = { topic: "a/b", payload: "", qos: 0, retain: false };

test("a message is done when every listener is done with it, and at once when there is none", () => {
  const emitter = new TopicEmitter(() => undefined);
  let doneCount = 0;
  emitter.emit(packet, () => (doneCount += 1));
  expect(doneCount).toBe(1);
  const waiting: (() => void)[] = [];
  for (const filter of ["a/b", "a/+", "#"]) emitter.on(filter, (_, done) => waiting.push(done));
  emitter.emit(packet, () => (doneCount += 1));
  for (const done of waiting) {
    expect(doneCount).toBe(1);
    done();
  }
  expect(doneCount).toBe(2);
});

test("a listener that goes while a message is given out is not asked again, and the others are asked once", () => {
  const changes: string[] = [];
  const emitter = new TopicEmitter(() => changes.push("changed"));
  const heard: string[] = [];
  const second = (_: EnginePacket, done: () => void): void => {
    heard.push("second");
    done();
  };
  emitter.on("a/b", (_, done) => {
    heard.push("first");
    emitter.removeListener("a/b", second);
    done();
  });
  emitter.on("a/b", second);
  emitter.emit(packet);
  emitter.emit(packet);
  expect(heard).toEqual(["first", "first"]);
  expect(emitter.has("a/b")).toBe(true);
  expect(changes).toHaveLength(4);
});
