/** Lets clients in by the users file: by password, by certificate, or anonymously on loopback. */
import { claimUserName } from "../core/access/claim.ts";
import { allGrants, noGrants } from "../core/access/grants.ts";
import { type Lockout, networkOf } from "../core/access/lockout.ts";
import type { AccessPolicy } from "../core/access/policy.ts";
import type { Admission, Gatekeeper, Login, LoginRefusal } from "../core/access/principal.ts";
import type { Clock } from "../core/ports.ts";
import type { Enrolment } from "./enrolment.ts";
import { KnownPasswords } from "./known-passwords.ts";
import { decoyPassword, verifyPassword } from "./password.ts";
import type { PasswordQueue } from "./password-queue.ts";

export interface UserGatekeeperOptions {
  readonly policy: AccessPolicy;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** From `[0, 1)`. */
  readonly random: () => number;
  readonly lockout: Lockout;
  readonly queue: PasswordQueue;
  readonly enrolment: Enrolment;
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
  readonly #known = new KnownPasswords();
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
    if (this.#isForClaims(username)) return this.#admitForEnrolment(login);
    const refusal = await this.#check(login, username);
    return refusal ?? this.#policy.admissionOf({ kind: "user", name: username, clientId });
  }

  isLocked(address: string, username: string): boolean {
    const name = username.slice(0, nameCharactersKept);
    return this.#options.lockout.isLocked(address, name, this.#options.clock.monotonicMs());
  }

  /** Who comes with a code. A user who was called so before there were codes goes on being one. */
  #isForClaims(username: string): boolean {
    return username === claimUserName && this.#policy.user(claimUserName) === undefined;
  }

  #admitForEnrolment({
    clientId,
    password = noPassword,
    address,
    isAwaited,
  }: Login): Admission | LoginRefusal {
    const { enrolment } = this.#options;
    const code = Buffer.from(password).toString("latin1");
    const refusal = enrolment.check({ code, clientId, address, isAwaited });
    if (refusal === "locked" || refusal === "client-id") return refusal;
    if (refusal !== undefined) return "credentials";
    const tenant = enrolment.tenantOf(code);
    const whose = tenant === undefined ? {} : { tenant };
    const principal = { kind: "user", name: claimUserName, ...whose } as const;
    const pending = { code, enroller: enrolment };
    return { principal, clientId, grants: noGrants, limits: {}, credential: undefined, enrolment: pending };
  }

  review(admission: Admission): Admission | LoginRefusal {
    if (admission.enrolment !== undefined) return admission;
    return admission.principal.kind === "anonymous" ? admission : this.#policy.review(admission);
  }

  /** The same work, whether there is such a user or not. */
  async #check(login: Login, username: string): Promise<LoginRefusal | undefined> {
    const { address, password = noPassword } = login;
    const { lockout, enrolment } = this.#options;
    const name = username.slice(0, nameCharactersKept);
    const nowMs = (): number => this.#options.clock.monotonicMs();
    if (lockout.isLocked(address, name, nowMs())) return "locked";
    const own = this.#policy.user(username)?.password;
    const kept = own ?? decoyPassword;
    if (!this.#known.recognises(kept, password)) {
      const verdict = await this.#verify(login, { name, kept, password });
      if (verdict === "busy" || verdict === "locked") return verdict;
      if (!verdict || own === undefined || this.#policy.user(username)?.password !== own) {
        lockout.onFailure(address, name, { nowMs: nowMs(), random: this.#options.random() });
        return "credentials";
      }
      this.#known.remember(kept, password);
    }
    lockout.onSuccess(address, name);
    enrolment.onLogin(name);
    return undefined;
  }

  /** Checks a password in turn. Clients that come with the same user and password share one check. */
  async #verify(login: Login, { name, kept, password }: Shown): Promise<Verdict> {
    const { address } = login;
    const network = networkOf(address);
    // By name too: two names that are none must not take less time than two that are.
    const key = `${network} ${name} ${this.#known.keyOf(kept, password)}`;
    const underway = this.#underway.get(key);
    if (underway !== undefined) {
      underway.logins.push(login);
      return await underway.verdict;
    }
    const logins = [login];
    const hasFailed = this.#options.lockout.hasFailed(address, name);
    const verdict = this.#options.queue
      .run({ address: network, user: name, hasFailed }, async (): Promise<Verdict> => {
        // Others may have guessed too often while this one waited, or all may have left.
        if (!logins.some((one) => one.isAwaited())) return "busy";
        if (this.#options.lockout.isLocked(address, name, this.#options.clock.monotonicMs())) return "locked";
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
