/** Enrolment: a device shows a one-time code and gets credentials of its own. */
import type { Result } from "../errors.ts";
import { topicLevelOf } from "../topic.ts";
import type { AccessDefinition } from "./definition.ts";

/** Who wants to enrol. */
export interface EnrolmentRequest {
  /** As it was typed. */
  readonly code: string;
  readonly clientId: string;
  /** Where it comes from. */
  readonly address: string;
  /** Somebody still waits for the answer. */
  readonly isAwaited: () => boolean;
}

/** What a device is known by from now on. */
export interface IssuedCredentials {
  readonly username: string;
  /** 192 random bits. */
  readonly password: string;
  /** The only client id that they are good for. */
  readonly clientId: string;
}

/** What comes of an attempt. Closed: metrics are labelled with these names. */
export const enrolmentOutcomes = [
  "enrolled",
  /** The same client had not heard the answer. */
  "again",
  "code",
  "locked",
  "busy",
  "expired",
  "used",
  "client-id",
  "name-taken",
  "unwritable",
] as const;
export type EnrolmentOutcome = (typeof enrolmentOutcomes)[number];

/** Why nobody is enrolled. `code`: there is no such code. */
export type EnrolmentRefusal = Exclude<EnrolmentOutcome, "enrolled" | "again">;

/** Redeems codes. */
export interface Enroller {
  /**
   * Never rejects. When it gives credentials, they are on disk and the code is consumed.
   */
  enrol(request: EnrolmentRequest): Promise<IssuedCredentials | EnrolmentRefusal>;
}

/** A change of one value of the users file; `undefined` removes it. */
export interface UsersEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The users file, as whoever changes it while the gateway runs sees it. */
export interface UsersEditor {
  /**
   * Changes the file in one step, and puts what it says then in force. One change waits for the other, also
   * for those of commands.
   *
   * @param makeEdits - Gets what the file says now; no edits change nothing.
   * @throws AppError `USERS_WRITE`, `USERS_BUSY` or `USERS_READ`; the file is what it was.
   */
  edit(makeEdits: (definition: AccessDefinition) => readonly UsersEdit[]): Promise<Result<void>>;
}

/** Where a client that enrols over MQTT is told its credentials; nobody else is ever sent anything there. */
export function enrolmentTopic(ownTopicPrefix: string, clientId: string): string {
  return `${ownTopicPrefix}enrol/${topicLevelOf(clientId)}`;
}
