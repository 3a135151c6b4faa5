import { expect, test } from "vitest";
import type { AccessDefinition, UserDefinition } from "../../../src/core/access/definition.ts";
import { AccessPolicy } from "../../../src/core/access/policy.ts";
import type { Admission } from "../../../src/core/access/principal.ts";

const press: UserDefinition = { name: "press", password: "hash-1", roles: ["sensor"], disabled: false };

function policyOf(users: readonly UserDefinition[], more: Partial<AccessDefinition> = {}): AccessPolicy {
  const sensor = { name: "sensor", publish: ["s/%u"], subscribe: [], limits: {} };
  const bound = { name: "bound", publish: ["b"], subscribe: [], clientIds: ["%u", "%u-*"], limits: {} };
  return new AccessPolicy({
    roles: [sensor, bound],
    users,
    certificateRoles: [],
    tokens: [],
    claims: [],
    tenants: [],
    ...more,
  });
}

function admitted(policy: AccessPolicy, clientId = "c", name = "press"): Admission {
  const admission = policy.admissionOf({ kind: "user", name, clientId });
  if (typeof admission === "string") throw new Error(admission);
  return admission;
}

test("a user has what its roles grant", () => {
  const { grants, credential, principal } = admitted(policyOf([press]));
  expect([grants.mayPublish("s/press"), grants.mayPublish("s/oven")]).toEqual([true, false]);
  expect(credential).toBe("hash-1");
  expect(principal).toEqual({ kind: "user", name: "press" });
});

test("who belongs to a tenant has what its roles grant within the topics of the tenant, and nothing beyond", () => {
  const policy = policyOf([{ ...press, tenant: "north" }]);
  const admission = admitted(policy);
  const { grants, principal } = admission;
  expect(principal).toEqual({ kind: "user", name: "press", tenant: "north" });
  const topics = [
    "@north/s/press",
    "s/press",
    "@south/s/press",
    "@north/s/oven",
    "@north",
    "@northern/s/press",
  ];
  expect(topics.map((topic) => grants.mayPublish(topic))).toEqual([true, false, false, false, false, false]);
  expect(topics.map((topic) => grants.mayReceive(topic)).slice(1)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(["#", "+/#", "@north/#", "@south/#"].map((filter) => grants.maySubscribe(filter))).toEqual(
    Array.from({ length: 4 }, () => false),
  );
  // Whoever is moved to another tenant is somebody else there.
  expect(policyOf([{ ...press, tenant: "south" }]).review(admission)).toBe("removed");
  expect(policyOf([press]).review(admission)).toBe("removed");
});

test.each<
  readonly [
    roles: readonly string[],
    own: readonly string[] | undefined,
    clientId: string,
    name: string,
    fits: boolean,
  ]
>([
  [["sensor"], undefined, "anything", "press", true],
  [["bound"], undefined, "press", "press", true],
  [["bound"], undefined, "press-2", "press", true],
  [["bound"], undefined, "oven", "press", false],
  [["bound", "sensor"], undefined, "oven", "press", true],
  [["bound"], ["fixed"], "fixed", "press", true],
  [["bound"], ["fixed"], "press", "press", false],
  [["bound"], undefined, "anything", "*", false],
])(
  "roles %j with own client ids %j let the id %s of user %s pass: %s",
  (roles, clientIds, clientId, name, fits) => {
    const user = { ...press, name, roles, ...(clientIds === undefined ? {} : { clientIds }) };
    const admission = policyOf([user]).admissionOf({ kind: "user", name, clientId });
    expect(admission === "client-id").toBe(!fits);
  },
);

test.each<readonly [what: string, after: readonly UserDefinition[], refusal: string]>([
  ["removed", [], "removed"],
  ["disabled", [{ ...press, disabled: true }], "disabled"],
  ["given another password", [{ ...press, password: "hash-2" }], "password-changed"],
  ["bound to other client ids", [{ ...press, clientIds: ["x"] }], "client-id"],
])("a user who is %s may not stay", (_what, after, refusal) => {
  expect(policyOf(after).review(admitted(policyOf([press])))).toBe(refusal);
});

test("a user who stays has the grants of now", () => {
  const now = policyOf([{ ...press, roles: ["bound"] }]).review(admitted(policyOf([press]), "press"));
  expect(typeof now === "string" || now.grants.mayPublish("s/press")).toBe(false);
});

test("a certificate names a user, or has the roles of certificates, or is not let in", () => {
  const identity = { kind: "certificate", name: "oven", clientId: "c" } as const;
  expect(policyOf([]).admissionOf(identity)).toBe("removed");
  const open = policyOf([], { certificateRoles: ["sensor"] }).admissionOf(identity);
  expect(typeof open === "string" ? open : open.grants.mayPublish("s/oven")).toBe(true);
  const off = [{ ...press, name: "oven", disabled: true }];
  expect(policyOf(off, { certificateRoles: ["sensor"] }).admissionOf(identity)).toBe("disabled");
});
