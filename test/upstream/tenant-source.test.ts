/** What the far end of one tenant is sent: all that is its, and nothing that is not. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { labelsWithTenant } from "../../src/core/tenant.ts";
import type { AlertRecord, StreamSource, SummaryRecord } from "../../src/core/streams.ts";
import { ChunkReader } from "../../src/upstream/chunk-reader.ts";
import { TenantSource } from "../../src/upstream/tenant-source.ts";
import { decodeBatch } from "../../src/upstream/wire.ts";
import { MemoryStreams } from "../support/memory-streams.ts";

type Whose = "north" | "south" | undefined;

function streamsOf(whose: readonly Whose[]): MemoryStreams {
  const plain = new MemoryStreams();
  const nameOf = (seq: number): string => {
    const tenant = whose[seq - 1];
    return tenant === undefined ? "fridge" : `@${tenant}/fridge`;
  };
  const streams = new MemoryStreams({
    makers: {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the records of that stream
      summaries: (seq) => ({ ...(plain.record("summaries", seq) as SummaryRecord), device: nameOf(seq) }),
      alerts: (seq) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the records of that stream
        const record = plain.record("alerts", seq) as AlertRecord;
        return { ...record, labels: labelsWithTenant(record.labels, whose[seq - 1]) };
      },
    },
  });
  streams.grow({ summaries: whose.length, alerts: whose.length });
  return streams;
}

/** What arrives of a stream: sequences with records, and those withheld. */
async function received(
  source: StreamSource,
  stream: "summaries" | "alerts",
): Promise<{ readonly seqs: readonly number[]; readonly withheld: number; readonly text: string }> {
  const clock = { now: () => 0, monotonicMs: () => 0, synced: () => true };
  const reader = new ChunkReader({ gateway: "gw", source, clock, format: "json" });
  const seqs: number[] = [];
  let [withheld, text] = [0, ""];
  for (let from = 1; from <= source.head(stream); ) {
    const { batch, payload } = await reader.read({ stream, from, aimBytes: 2_000, bytesMax: 1_000_000 });
    // What is sent is what any receiver takes.
    expect(decodeBatch(payload)).toMatchObject({ ok: true });
    expect(batch.from).toBe(from);
    text += Buffer.from(payload).toString();
    if ("gap" in batch) withheld += batch.to - batch.from + 1;
    else seqs.push(...batch.records.map(({ seq }) => seq));
    from = batch.to + 1;
  }
  return { seqs, withheld, text };
}

test.each(["summaries", "alerts"] as const)(
  "of %s a tenant gets each of its own records once, under its number, and the numbers of the others",
  async (stream) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<Whose[]>("north", "north", "south", undefined), { maxLength: 60 }),
        async (whose) => {
          const { seqs, withheld, text } = await received(
            new TenantSource(streamsOf(whose), "north"),
            stream,
          );
          const own = whose.flatMap((one, index) => (one === "north" ? [index + 1] : []));
          expect(seqs).toEqual(own);
          expect(withheld).toBe(whose.length - own.length);
          expect(text).not.toMatch(/@south|south|@north\//);
        },
      ),
      { numRuns: 50 },
    );
  },
);

test("what was evicted is told as it is to everybody", async () => {
  const streams = streamsOf(Array.from({ length: 10 }, () => "north" as const));
  streams.evict("summaries", 4);
  const { seqs, text } = await received(new TenantSource(streams, "north"), "summaries");
  expect(seqs).toEqual([5, 6, 7, 8, 9, 10]);
  expect(text).toContain('"cause":"evicted"');
});

test("records that alternate with others are read once, not once for each batch", async () => {
  const streams = streamsOf(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? "north" : "south")));
  const { seqs } = await received(new TenantSource(streams, "north"), "summaries");
  expect(seqs).toHaveLength(20);
  expect(streams.reads).toBeLessThan(15);
});

test("a cursor moves over what is withheld", async () => {
  const streams = streamsOf(["south", "south"]);
  const source = new TenantSource(streams, "north");
  source.moveCursor("cloud", "alerts", 2);
  expect([source.cursor("cloud", "alerts"), source.head("alerts"), source.first("alerts")]).toEqual([
    2, 2, 1,
  ]);
});
