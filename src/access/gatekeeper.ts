/** Lets clients in by the users file: by password, by certificate, or anonymously on loopback. */
import { allGrants } from "../core/access/grants.ts";
import { Lockout, networkOf } from "../core/access/lockout.ts";
import type { AccessPolicy } from "../core/access/policy.ts";
import type { Admission, Gatekeeper, Login, LoginRefusal } from "../core/access/principal.ts";
import type { Clock } from "../core/ports.ts";
import { KnownPasswords } from "./known-passwords.ts";
import { decoyPassword, verifyPassword } from "./password.ts";
import { PasswordQueue } from "./password-queue.ts";

export interface UserGatekeeperOptions {
  readonly policy: AccessPolicy;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** From `[0, 1)`. */
  readonly random: () => number;
}

const noPassword = new Uint8Array(0);

/** Longer names are no user's; they are cut before they are remembered. */
const nameCharactersKept = 128;

export class UserGatekeeper implements Gatekeeper {
  readonly #options: UserGatekeeperOptions;
  readonly #lockout = new Lockout();
  readonly #known = new KnownPasswords();
  readonly #queue = new PasswordQueue();
  #policy: AccessPolicy;

  constructor(options: UserGatekeeperOptions) {
    this.#options = options;
    this.#policy = options.policy;
  }

  /** Puts other rules in force; who is in already is for the broker to review. */
  replacePolicy(policy: AccessPolicy): void {
    this.#policy = policy;
  }

  async admit(login: Login): Promise<Admission | LoginRefusal> {
    const { clientId, certificate, username, anonymous } = login;
    if (certificate !== undefined) {
      return this.#policy.admissionOf({ kind: "certificate", name: certificate, clientId });
    }
    if (username === undefined) return anonymous ? anonymousAdmission(clientId) : "no-credentials";
    const refusal = await this.#check(login, username);
    return refusal ?? this.#policy.admissionOf({ kind: "user", name: username, clientId });
  }

  review(admission: Admission): Admission | LoginRefusal {
    return admission.principal.kind === "anonymous" ? admission : this.#policy.review(admission);
  }

  /** The same work, whether there is such a user or not. */
  async #check(login: Login, username: string): Promise<LoginRefusal | undefined> {
    const { address, password = noPassword } = login;
    const name = username.slice(0, nameCharactersKept);
    const nowMs = (): number => this.#options.clock.monotonicMs();
    if (this.#lockout.isLocked(address, name, nowMs())) return "locked";
    const own = this.#policy.user(username)?.password;
    const kept = own ?? decoyPassword;
    if (!this.#known.recognises(kept, password)) {
      const verdict = await this.#queue.run(networkOf(address), async () => {
        // Others may have guessed too often while this one waited, or it may have left.
        if (!login.isAwaited()) return "busy";
        if (this.#lockout.isLocked(address, name, nowMs())) return "locked";
        return await verifyPassword(kept, password);
      });
      if (verdict === "busy" || verdict === "locked") return verdict;
      if (!verdict || own === undefined || this.#policy.user(username)?.password !== own) {
        this.#lockout.onFailure(address, name, { nowMs: nowMs(), random: this.#options.random() });
        return "credentials";
      }
      this.#known.remember(kept, password);
    }
    this.#lockout.onSuccess(address, name);
    return undefined;
  }
}

/** Somebody on this machine, where nobody has to say who they are. */
function anonymousAdmission(clientId: string): Admission {
  const principal = { kind: "anonymous", name: "" } as const;
  return { principal, clientId, grants: allGrants, limits: {}, credential: undefined };
}
