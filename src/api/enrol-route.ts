/** `/api/v1/enrol`: a device shows its claim code and gets credentials of its own. */
import type { Enroller, EnrolmentRefusal } from "../core/access/enrolment.ts";
import { nameCharactersMax } from "../core/limits.ts";
import { Members } from "./members.ts";
import { type CommandRoute, jsonAnswer, jsonMediaType, type RouteOutcome, type Schema } from "./route.ts";

/** Characters of a code with its dashes, and some spaces. */
const codeCharactersMax = 64;

const credentialsSchema: Schema = {
  type: "object",
  properties: { username: { type: "string" }, password: { type: "string" }, clientId: { type: "string" } },
  required: ["username", "password", "clientId"],
};

/** Makes the route. It needs no token: the code is what shows who may ask. */
export function enrolRoute(enroller: Enroller): CommandRoute {
  return {
    path: "/api/v1/enrol",
    summary:
      "Redeems a claim code, once: gives user name and password for the broker, bound to the client id.",
    parameters: [],
    body: {
      required: true,
      schema: {
        type: "object",
        properties: {
          code: { type: "string", minLength: 1, maxLength: codeCharactersMax },
          clientId: { type: "string", minLength: 1, maxLength: nameCharactersMax },
        },
        required: ["code", "clientId"],
        additionalProperties: false,
      },
    },
    responses: {
      200: { description: "The credentials.", contentType: jsonMediaType, schema: credentialsSchema },
    },
    isOpen: true,
    async handle(_levels, body, { address, isThere }) {
      const members = new Members(body, ["code", "clientId"]);
      const code = members.requiredText("code", codeCharactersMax);
      const clientId = members.requiredText("clientId", nameCharactersMax);
      if (members.refusal !== undefined) return members.refusal;
      const answer = await enroller.enrol({ code, clientId, address, isAwaited: isThere });
      return typeof answer === "string" ? refusalOf(answer) : jsonAnswer(answer);
    },
  };
}

function refusalOf(refusal: EnrolmentRefusal): RouteOutcome {
  const { status, detail } = refusals[refusal];
  return { problem: { status, title: "The device is not enrolled.", detail } };
}

const refusals: Readonly<Record<EnrolmentRefusal, { readonly status: number; readonly detail: string }>> = {
  code: { status: 403, detail: "The code is not known." },
  locked: { status: 429, detail: "Too many wrong codes came from this address; try again in a minute." },
  busy: { status: 503, detail: "Too many are being enrolled at once; try again." },
  expired: { status: 403, detail: "The code has expired." },
  used: { status: 403, detail: "The code has been redeemed." },
  "client-id": { status: 403, detail: "The code is not for this client id." },
  "name-taken": { status: 409, detail: "There is a user of the name that the code is for." },
  unwritable: { status: 503, detail: "The gateway cannot write its users file; the code is still good." },
};
