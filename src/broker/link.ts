/** The stream on which the protocol engine believes to meet a client; behind it is the gate. */
import { Duplex } from "node:stream";
import { packetBytesMax } from "../core/limits.ts";

/** What the gate hears of the engine. */
export interface LinkOwner {
  /** Whole packets, in order. */
  onEngineOutput(bytes: Uint8Array): void;
  /** The engine has taken what was pushed. */
  onEngineRead(): void;
  /** The engine has ended the connection, or the gate has. */
  onEngineClosed(): void;
}

/**
 * A duplex that never pushes back.
 *
 * The engine's emitter waits for the slowest subscriber of a message, so one that does not read would
 * delay everybody. Here every write is accepted; bounding what a connection has not read is the gate's
 * part. The engine corks around each packet, so that `_writev` sees whole packets only.
 */
export class Link extends Duplex {
  readonly owner: LinkOwner;

  constructor(owner: LinkOwner) {
    super({
      readableHighWaterMark: packetBytesMax,
      writableHighWaterMark: Number.MAX_SAFE_INTEGER,
      decodeStrings: true,
    });
    this.owner = owner;
  }

  override _read(): void {
    this.owner.onEngineRead();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.owner.onEngineOutput(chunk);
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.owner.onEngineOutput(Buffer.concat(chunks.map((entry) => entry.chunk)));
    done();
  }

  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    this.owner.onEngineClosed();
    // Why the engine gave up is on its error events; as a stream error nobody would hear it.
    done(null);
  }

  /** Hands over at once what the engine has written in this tick, so that what the gate writes comes after it. */
  flush(): void {
    while (this.writableCorked > 0) this.uncork();
  }
}
