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

/** A user's name, what is kept of its password, and the password that was shown. */
interface Shown {
  readonly name: string;
  readonly kept: string;
  readonly password: Uint8Array;
}

type Verdict = boolean | "busy" | "locked";

/** A check that waits or runs, and who waits for it. */
interface Underway {
  readonly logins: Login[];
  readonly verdict: Promise<Verdict>;
}

const noPassword = new Uint8Array(0);

/** Longer names are no user's; they are cut before they are remembered. */
const nameCharactersKept = 128;

export class UserGatekeeper implements Gatekeeper {
  readonly #options: UserGatekeeperOptions;
  readonly #lockout = new Lockout();
  readonly #known = new KnownPasswords();
  readonly #queue = new PasswordQueue();
  readonly #underway = new Map<string, Underway>();
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

  isLocked(address: string, username: string): boolean {
    const name = username.slice(0, nameCharactersKept);
    return this.#lockout.isLocked(address, name, this.#options.clock.monotonicMs());
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
      const verdict = await this.#verify(login, { name, kept, password });
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

  /** Checks a password in turn. Clients that come with the same user and password share one check. */
  async #verify(login: Login, shown: Shown): Promise<Verdict> {
    const { name, kept, password } = shown;
    const { address } = login;
    const network = networkOf(address);
    // By name too: two names that are none must not take less time than two that are.
    const key = `${network} ${name} ${this.#known.keyOf(kept, password)}`;
    const underway = this.#underway.get(key);
    if (underway !== undefined) {
      underway.logins.push(login);
      const verdict = await underway.verdict;
      // It was given up before this one joined.
      return verdict === "busy" ? await this.#verify(login, shown) : verdict;
    }
    const logins = [login];
    const hasFailed = this.#lockout.hasFailed(address, name);
    const verdict = this.#queue
      .run({ address: network, user: name, hasFailed }, async (): Promise<Verdict> => {
        // Others may have guessed too often while this one waited, or all may have left.
        if (!logins.some((one) => one.isAwaited())) return "busy";
        if (this.#lockout.isLocked(address, name, this.#options.clock.monotonicMs())) return "locked";
        return await verifyPassword(kept, password);
      })
      .finally(() => this.#underway.delete(key));
    this.#underway.set(key, { logins, verdict });
    return await verdict;
  }
}

/** Somebody on this machine, where nobody has to say who they are. */
function anonymousAdmission(clientId: string): Admission {
  const principal = { kind: "anonymous", name: "" } as const;
  return { principal, clientId, grants: allGrants, limits: {}, credential: undefined };
}
