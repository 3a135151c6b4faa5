/**
 * Passwords that have been verified since the start, recognised again at once.
 *
 * After the network was away a thousand sensors are back within a second; verified one by one they would wait for
 * most of a minute. What is kept is a keyed digest of the password; the key is made at the start and never written.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { passwordsKnownMax } from "../core/limits.ts";

export class KnownPasswords {
  readonly #key = randomBytes(32);
  /** By what is kept of the password in the users file, so that another password is another entry. */
  readonly #digests = new Map<string, Buffer>();

  #digest(kept: string, password: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(kept).update(password).digest();
  }

  /** What a pair of these is told from others by, in memory; it says nothing about the password. */
  keyOf(kept: string, password: Uint8Array): string {
    return this.#digest(kept, password).toString("base64");
  }

  /** Takes as long whether or not the entry exists. */
  recognises(kept: string, password: Uint8Array): boolean {
    const digest = this.#digest(kept, password);
    const known = this.#digests.get(kept);
    return timingSafeEqual(digest, known ?? Buffer.alloc(digest.length)) && known !== undefined;
  }

  remember(kept: string, password: Uint8Array): void {
    this.#digests.delete(kept);
    if (this.#digests.size >= passwordsKnownMax) {
      const [oldest] = this.#digests.keys();
      if (oldest !== undefined) this.#digests.delete(oldest);
    }
    this.#digests.set(kept, this.#digest(kept, password));
  }
}
