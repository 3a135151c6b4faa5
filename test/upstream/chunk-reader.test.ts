import { expect, test } from "vitest";
import type { StreamName, StreamSlice } from "../../src/core/streams.ts";
import { ChunkReader } from "../../src/upstream/chunk-reader.ts";
import { MemoryStreams } from "../support/memory-streams.ts";
import { systemClock } from "../../src/ops/clock.ts";

/** Streams whose records up to the head have been damaged where they were stored. */
class DamagedStreams extends MemoryStreams {
  override async read(stream: StreamName, from: number): Promise<StreamSlice | undefined> {
    const head = this.head(stream);
    const gap = { from, to: head, cause: "damaged" };
    return { stream, from: head + 1, to: head, records: [], gap };
  }
}

test("records that are lost up to the head are told of as a gap, with what is wrong with them", async () => {
  const source = new DamagedStreams();
  source.grow({ alerts: 5 });
  const reader = new ChunkReader({ gateway: "gw-7", source, clock: systemClock, format: "cbor" });
  const chunk = await reader.read({ stream: "alerts", from: 3, aimBytes: 10_000, bytesMax: 100_000 });
  expect(chunk.batch).toMatchObject({ from: 3, to: 5, gap: { from: 3, to: 5, cause: "damaged" } });
});

test("a stream that has nothing where its head says it has is tried again later", async () => {
  const source = new MemoryStreams();
  const reader = new ChunkReader({ gateway: "gw-7", source, clock: systemClock, format: "cbor" });
  const read = reader.read({ stream: "alerts", from: 1, aimBytes: 10_000, bytesMax: 100_000 });
  await expect(read).rejects.toMatchObject({ code: "UPSTREAM_NO_RECORDS", kind: "transient" });
});
