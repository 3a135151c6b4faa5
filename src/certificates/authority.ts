/**
 * A small certificate authority for one site: it signs the gateway's own certificate and those of its devices, and
 * keeps the list of those that are revoked.
 *
 * Elliptic keys (P-256): what small devices can do, and what every TLS library of the last ten years knows. Serial
 * numbers are random. Source: RFC 5280; CA/Browser Forum baseline requirements § 7.1 for the serial numbers.
 */
// oxlint-disable-next-line no-unassigned-import -- the library underneath reads metadata of classes
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from "@peculiar/x509";
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/** A certificate holds from an hour before it was made: devices have clocks of their own. */
const earlierMs = 3_600_000;

/** A certificate and its key, as PEM texts. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** What is asked of the authority. */
export interface IssueRequest {
  /** Becomes the common name. */
  readonly name: string;
  /** Names and addresses of a server; none: the certificate is a client's. */
  readonly hosts: readonly string[];
  readonly days: number;
  readonly nowMs: number;
}

/** A certificate that has been issued, as it is listed. */
export interface IssuedCertificate {
  readonly name: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly notAfterMs: number;
}

/** Makes an authority. */
export async function createAuthority({
  name,
  days,
  nowMs,
}: Omit<IssueRequest, "hosts">): Promise<Identity & { readonly crl: string }> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: makeSerial(),
    name: nameOf(name),
    notBefore: new Date(nowMs - earlierMs),
    notAfter: new Date(nowMs + days * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const identity = { certificate: certificate.toString("pem"), key: exported(keys.privateKey) };
  return { ...identity, crl: await signList(identity, [], nowMs) };
}

/** Signs a new key with a certificate for it; no longer than the authority's own holds. */
export async function issue(authority: Identity, request: IssueRequest): Promise<Identity> {
  const { name, hosts, days, nowMs } = request;
  const issuer = new X509Certificate(authority.certificate);
  const keys = await makeKeys();
  const isServer = hosts.length > 0;
  const alternatives = hosts.map((host) => ({
    type: isIP(host) > 0 ? ("ip" as const) : ("dns" as const),
    value: host,
  }));
  const certificate = await X509CertificateGenerator.create({
    serialNumber: makeSerial(),
    issuer: issuer.subjectName,
    subject: nameOf(name),
    notBefore: new Date(nowMs - earlierMs),
    notAfter: new Date(Math.min(nowMs + days * dayMs, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: signingKeyOf(authority),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([isServer ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(isServer ? [new SubjectAlternativeNameExtension(alternatives)] : []),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: certificate.toString("pem"), key: exported(keys.privateKey) };
}

/** Adds a certificate to the list of revoked ones, which is signed anew. */
export async function revoke(
  authority: Identity,
  crl: string,
  { serialNumber, nowMs }: { readonly serialNumber: string; readonly nowMs: number },
): Promise<string> {
  const known = new X509Crl(crl).entries.map((entry) => ({
    serialNumber: entry.serialNumber,
    revocationDate: entry.revocationDate,
  }));
  return await signList(authority, [...known, { serialNumber, revocationDate: new Date(nowMs) }], nowMs);
}

/** What is to be shown of a certificate. @throws Error when it is none. */
export function describeCertificate(pem: string): IssuedCertificate {
  const { serialNumber, subjectName, notAfter } = new X509Certificate(pem);
  return { name: subjectName.getField("CN")[0] ?? "", serialNumber, notAfterMs: notAfter.getTime() };
}

/** Serial numbers that are revoked. @throws Error when it is no list. */
export function revokedIn(crl: string): ReadonlySet<string> {
  return new Set(new X509Crl(crl).entries.map(({ serialNumber }) => serialNumber));
}

interface Entry {
  readonly serialNumber: string;
  readonly revocationDate: Date;
}

async function signList(authority: Identity, entries: readonly Entry[], nowMs: number): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const crl = await X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: new Date(nowMs - earlierMs),
    // It is a file that people carry, and TLS refuses everybody when it is too old: it holds as long as the authority.
    nextUpdate: issuer.notAfter,
    entries: entries.map((entry) => ({ ...entry, reason: X509CrlReason.unspecified })),
    signingKey: signingKeyOf(authority),
    signingAlgorithm: algorithm,
    extensions: [await AuthorityKeyIdentifierExtension.create(issuer), listNumber(entries.length + 1)],
  });
  return PemConverter.encode(crl.rawData, "X509 CRL");
}

/** Source: RFC 5280 § 5.2.3. */
function listNumber(number: number): Extension {
  // DER wants as few bytes as there can be, the first of them below 0x80.
  const digits = number.toString(16);
  const isNegative = digits.length % 2 === 0 && /^[89a-f]/.test(digits);
  const even = isNegative ? `00${digits}` : digits.padStart(digits.length + (digits.length % 2), "0");
  const bytes = Buffer.from(even, "hex");
  return new Extension("2.5.29.20", false, Uint8Array.of(2, bytes.length, ...bytes));
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function exported(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

function signingKeyOf({ key }: Identity): webcrypto.CryptoKey {
  return createPrivateKey(key).toCryptoKey(algorithm, false, ["sign"]);
}

/** A name as data: as a text, a comma in it would begin another attribute. */
function nameOf(commonName: string): { CN: string[] }[] {
  return [{ CN: [commonName] }];
}

/** 126 random bits with a one in front: positive, and always as long. */
function makeSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
}
