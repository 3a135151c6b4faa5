/**
 * Enrolment over MQTT: who has come with a claim code subscribes to its reply topic, and is told its credentials.
 *
 * They go to that one connection and nowhere else: not through the fan-out, so that nobody who subscribes to more can
 * see them, and into no queue.
 */
import type { EnrolmentRefusal, IssuedCredentials } from "../core/access/enrolment.ts";
import { enrolmentTopic } from "../core/access/enrolment.ts";
import { replyGrants } from "../core/access/grants.ts";
import type { Admission } from "../core/access/principal.ts";
import { mountOf, withinTenant } from "../core/tenant.ts";
import type { Connection } from "./connection.ts";

/** An admission by a code allows one subscription, and nothing else. */
export function enrolling(admission: Admission, ownTopicPrefix: string): Admission {
  if (admission.enrolment === undefined) return admission;
  const { tenant } = admission.principal;
  const topic = enrolmentTopic(ownTopicPrefix, admission.clientId);
  return { ...admission, grants: replyGrants(tenant === undefined ? topic : mountOf(tenant) + topic) };
}

/** Connections whose code is being redeemed, or has been: one answer each. */
const answered = new WeakSet<Connection>();

/** A client has been granted a filter: where it is its reply topic, the code is redeemed. */
export function onReplyTopic(connection: Connection, filter: string): void {
  const { admission, origin } = connection;
  const pending = admission?.enrolment;
  if (admission === undefined || pending === undefined || !admission.grants.maySubscribe(filter)) return;
  if (answered.has(connection)) return;
  answered.add(connection);
  const { code, enroller } = pending;
  const { clientId } = admission;
  const isAwaited = (): boolean => !connection.isClosed;
  // It never rejects.
  void enroller
    .enrol({ code, clientId, address: origin.address, isAwaited })
    .then((answer) => connection.tell(withinTenant(filter), JSON.stringify(answerOf(answer))));
}

function answerOf(answer: IssuedCredentials | EnrolmentRefusal): object {
  return typeof answer === "string" ? { error: answer } : answer;
}
