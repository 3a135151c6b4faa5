/** Certificates for tests, made by openssl. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Makes an authority, and certificates of a server at localhost and of a client, valid for a day: `ca.crt`,
 * `server.crt`, `client.crt`, and `.key` beside each.
 */
export async function makeCertificates(directory: string): Promise<void> {
  const openssl = (...words: string[]): Promise<unknown> => run("openssl", words, { cwd: directory });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test authority",
    "-days",
    "1",
  );
  for (const [name, subject] of [
    ["server", "localhost"],
    ["client", "gw-7"],
  ] as const) {
    await openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1"];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.crt`);
  }
}
