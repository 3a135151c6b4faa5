/**
 * Redeems claim codes.
 *
 * A code is consumed and its credentials are on disk in one atomic replacement of the users file, before they are
 * told. Who dies in between, gateway or device, has a code that its client id can redeem again for a while: the user
 * then gets another password, and the one that nobody heard is worth nothing.
 */
import type { AuditLog } from "../core/access/audit-log.ts";
import { claimUserName, claimWorth, plainCode } from "../core/access/claim.ts";
import type { AccessDefinition, ClaimDefinition } from "../core/access/definition.ts";
import type {
  Enroller,
  EnrolmentOutcome,
  EnrolmentRefusal,
  EnrolmentRequest,
  IssuedCredentials,
  UsersEdit,
  UsersEditor,
} from "../core/access/enrolment.ts";
import { enrolmentOutcomes } from "../core/access/enrolment.ts";
import { type Lockout, networkOf } from "../core/access/lockout.ts";
import type { Clock, MetricFamily } from "../core/ports.ts";
import { hashClaimCode, makeDevicePassword, makeDeviceUserName } from "./claim-codes.ts";
import { hashPassword } from "./password.ts";
import type { PasswordQueue } from "./password-queue.ts";

export interface EnrolmentOptions {
  readonly definition: AccessDefinition;
  /** Nothing where the users file cannot be changed: then nobody is enrolled. */
  readonly editor: UsersEditor | undefined;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  /** From `[0, 1)`. */
  readonly random: () => number;
  /** Those of the password check: guessers of codes are locked out like guessers of passwords, and hashes are made in turn. */
  readonly lockout: Lockout;
  readonly queue: PasswordQueue;
  readonly audit: AuditLog;
}

/** What redeeming comes to, beside the edits that do it. */
interface Redemption {
  readonly outcome: EnrolmentOutcome;
  readonly user: string;
}

interface Redeeming {
  readonly redemption: Redemption;
  readonly edits: readonly UsersEdit[];
}

export class Enrolment implements Enroller {
  readonly #options: EnrolmentOptions;
  readonly #counts = new Map<EnrolmentOutcome, number>(enrolmentOutcomes.map((outcome) => [outcome, 0]));
  #claims: ReadonlyMap<string, ClaimDefinition> = new Map();
  /** Users that have logged in since the start: the answer has reached them, and is not given again. */
  readonly #heard = new Set<string>();

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.replace(options.definition);
  }

  get metrics(): readonly MetricFamily[] {
    return [
      {
        name: "holdfast_access_enrolments_total",
        help: "Attempts to redeem a claim code, by outcome.",
        type: "counter",
        read: () => Array.from(this.#counts, ([outcome, value]) => ({ labels: { outcome }, value })),
      },
    ];
  }

  /** Other claims are in force. */
  replace({ claims }: AccessDefinition): void {
    this.#claims = new Map(claims.map((claim) => [claim.sha256, claim]));
    const users = new Set(claims.flatMap(({ redeemed }) => redeemed?.user ?? []));
    for (const user of this.#heard) if (!users.has(user)) this.#heard.delete(user);
  }

  /** A user has shown its password. */
  onLogin(user: string): void {
    if (this.#claims.size === 0 || this.#heard.has(user)) return;
    for (const { redeemed } of this.#claims.values()) if (redeemed?.user === user) this.#heard.add(user);
  }

  /** What a code would give now; a wrong one counts to the lock-out. Consumes nothing. */
  check(request: EnrolmentRequest): EnrolmentRefusal | undefined {
    const { code, clientId, address } = request;
    const { clock, lockout, random, editor } = this.#options;
    const nowMs = clock.monotonicMs();
    if (lockout.isLocked(address, claimUserName, nowMs)) return this.#refuse("locked", request);
    const claim = editor === undefined ? undefined : this.#find(code);
    if (claim === undefined) {
      lockout.onFailure(address, claimUserName, { nowMs, random: random() });
      return this.#refuse("code", request);
    }
    const worth = this.#worthOf(claim, clientId);
    return worth === "open" || worth === "again" ? undefined : this.#refuse(worth, request, claim);
  }

  /** To whom the device belongs that a code is for. */
  tenantOf(code: string): string | undefined {
    return this.#find(code)?.tenant;
  }

  async enrol(request: EnrolmentRequest): Promise<IssuedCredentials | EnrolmentRefusal> {
    const refusal = this.check(request);
    if (refusal !== undefined) return refusal;
    const password = makeDevicePassword();
    // Its code is a right one, so whatever else was tried from there does not make it wait.
    const applicant = { address: networkOf(request.address), user: claimUserName, hasFailed: false };
    const kept = await this.#options.queue.run(applicant, async () =>
      request.isAwaited() ? await hashPassword(password) : "busy",
    );
    if (kept === "busy") return this.#refuse("busy", request);
    const { clientId, address } = request;
    try {
      const { outcome, user } = await this.#redeem(request, kept);
      if (outcome !== "enrolled" && outcome !== "again") return this.#refuse(outcome, request);
      this.#count(outcome);
      this.#options.lockout.onSuccess(address, claimUserName);
      this.#options.audit.write("enrolled", { user, clientId, address, claim: this.#find(request.code)?.id });
      return { username: user, password, clientId };
    } catch {
      // What the system says is in the log of whoever writes the file.
      return this.#refuse("unwritable", request);
    }
  }

  /** Looks again at what the file says now, and consumes the code with the credentials. */
  async #redeem({ code, clientId }: EnrolmentRequest, password: string): Promise<Redemption> {
    const { editor } = this.#options;
    let redemption: Redemption = { outcome: "unwritable", user: "" };
    const written = await editor?.edit((definition) => {
      const made = this.#editsFor(definition, { code, clientId, password });
      redemption = made.redemption;
      return made.edits;
    });
    return written?.ok === true ? redemption : { outcome: "unwritable", user: "" };
  }

  #editsFor(
    { claims, users }: AccessDefinition,
    asked: { readonly code: string; readonly clientId: string; readonly password: string },
  ): Redeeming {
    const { code, clientId, password } = asked;
    const sha256 = hashClaimCode(plainCode(code) ?? "");
    const claim = claims.find((one) => one.sha256 === sha256);
    if (claim === undefined) return refused("code");
    const worth = this.#worthOf(claim, clientId);
    if (worth !== "open" && worth !== "again") return refused(worth);
    const known = (name: string): boolean => users.some((user) => user.name === name);
    if (worth === "again") {
      const user = claim.redeemed?.user ?? "";
      // Who was removed meanwhile is not let in by a code that is spent.
      if (!known(user)) return refused("used");
      return {
        redemption: { outcome: "again", user },
        edits: [{ path: ["users", user, "password"], value: password }],
      };
    }
    const user = claim.user ?? makeDeviceUserName();
    if (known(user) || user === claimUserName) return refused("name-taken");
    const { roles, tenant, id } = claim;
    const value = {
      password,
      roles,
      clientIds: [clientId],
      ...(tenant === undefined ? {} : { tenant }),
    };
    const at = new Date(this.#options.clock.now()).toISOString();
    return {
      redemption: { outcome: "enrolled", user },
      edits: [
        { path: ["users", user], value },
        { path: ["claims", id, "redeemed"], value: { at, clientId, user } },
      ],
    };
  }

  #find(code: string): ClaimDefinition | undefined {
    const plain = plainCode(code);
    return plain === undefined ? undefined : this.#claims.get(hashClaimCode(plain));
  }

  #worthOf(claim: ClaimDefinition, clientId: string): ReturnType<typeof claimWorth> {
    const worth = claimWorth(claim, clientId, this.#options.clock.now());
    return worth === "again" && this.#heard.has(claim.redeemed?.user ?? "") ? "used" : worth;
  }

  #refuse<R extends EnrolmentRefusal>(
    cause: R,
    { clientId, address }: EnrolmentRequest,
    claim?: ClaimDefinition,
  ): R {
    this.#count(cause);
    this.#options.audit.write("enrolment-refused", { cause, clientId, address, claim: claim?.id });
    return cause;
  }

  #count(outcome: EnrolmentOutcome): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }
}

function refused(outcome: EnrolmentRefusal): Redeeming {
  return { redemption: { outcome, user: "" }, edits: [] };
}
