/**
 * Streams as the far end of one tenant is to see them: its own records under the numbers that they have, by the names
 * that it gives its devices; and in place of the others a gap that says `withheld`.
 *
 * So numbers stay dense, a cursor moves over what is not sent as over what is, and a receiver needs to know nothing
 * new. What it learns of others is how many records there were.
 */
import { invariant } from "../core/errors.ts";
import {
  type StreamName,
  type StreamRecord,
  type StreamSlice,
  type StreamSource,
  tenantStreams,
} from "../core/streams.ts";
import { isOfTenant, tenantOfAlert, withinTenant } from "../core/tenant.ts";

/** The cause of a gap that is none: the records are there, for somebody else. */
export const withheldCause = "withheld";

/** One far end's view of the streams. */
export class TenantSource implements StreamSource {
  readonly #source: StreamSource;
  readonly #tenant: string;
  /** What was read last of each stream: own records and others alternate, and one read serves many batches. */
  readonly #lately = new Map<StreamName, StreamSlice>();

  constructor(source: StreamSource, tenant: string) {
    this.#source = source;
    this.#tenant = tenant;
  }

  head(stream: StreamName): number {
    return this.#source.head(stream);
  }

  first(stream: StreamName): number {
    return this.#source.first(stream);
  }

  cursor(upstream: string, stream: StreamName): number {
    return this.#source.cursor(upstream, stream);
  }

  moveCursor(upstream: string, stream: StreamName, to: number): void {
    this.#source.moveCursor(upstream, stream, to);
  }

  onGrowth(listener: () => void): () => void {
    return this.#source.onGrowth(listener);
  }

  async read(stream: StreamName, from: number, bytesMax: number): Promise<StreamSlice | undefined> {
    invariant(tenantStreams.includes(stream), "the configuration has refused the other streams");
    const slice = await this.#slice(stream, from, bytesMax);
    // What is missing there is missing here, and is told first.
    if (slice === undefined || slice.from > from) return slice;
    const records = slice.records.slice(from - slice.from);
    const isOwn = records.map((record) => this.#owns(record));
    const firstOwn = isOwn.indexOf(true);
    if (firstOwn !== 0) {
      const next = firstOwn < 0 ? slice.to + 1 : from + firstOwn;
      const gap = { from, to: next - 1, cause: withheldCause };
      return { stream, from: next, to: slice.to, records: [], gap };
    }
    const end = isOwn.indexOf(false);
    const own = (end < 0 ? records : records.slice(0, end)).map(unmounted);
    return { stream, from, to: from + own.length - 1, records: own };
  }

  async #slice(stream: StreamName, from: number, bytesMax: number): Promise<StreamSlice | undefined> {
    const lately = this.#lately.get(stream);
    if (lately !== undefined && from >= lately.from && from <= lately.to) return lately;
    const slice = await this.#source.read(stream, from, bytesMax);
    if (slice !== undefined && slice.records.length > 0) this.#lately.set(stream, slice);
    return slice;
  }

  #owns(record: StreamRecord): boolean {
    if ("rule" in record) return tenantOfAlert(record) === this.#tenant;
    return "device" in record && isOfTenant(record.device, this.#tenant);
  }
}

function unmounted(record: StreamRecord): StreamRecord {
  return "device" in record ? { ...record, device: withinTenant(record.device) } : record;
}
