/**
 * Takes a changed users file, and changed certificates, into use within half a second.
 *
 * Whoever removes a user wants it gone, so these files are looked at more often than the others, and loading them
 * waits for neither rules nor their tests.
 */
import type { Config } from "../../config/config.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports.ts";
import type { Gateway } from "../../gateway.ts";
import { watchFiles } from "./file-watch.ts";

const lookEveryMs = 200;

export interface AccessWatchOptions {
  readonly config: Config;
  readonly gateway: Pick<Gateway, "reloadAccess" | "reloadCertificates">;
  readonly logger: Logger;
}

/** Watches until it is closed. With a mistake in a file, what was in force stays in force. */
export function watchAccess({ config, gateway, logger }: AccessWatchOptions): {
  reloadCertificates(): void;
  close(): void;
} {
  const { usersFile } = config.access;
  const reloadUsers = async (): Promise<void> => {
    if (usersFile === undefined) return;
    const loaded = await gateway.reloadAccess();
    if (loaded.ok) {
      logger.info({ event: "access-reloaded" }, "Other rules of access are in force.");
    } else {
      const { problems } = loaded;
      logger.error({ event: "access-refused", problems }, "The users file is refused; nothing changed.");
    }
  };
  const reloadCertificates = async (): Promise<void> => {
    await gateway.reloadCertificates();
    logger.info({ event: "certificates-reloaded" }, "Certificates are read again.");
  };
  const attempt = (reload: () => Promise<void>) => (): void => {
    reload().catch((error: unknown) => {
      logger.error({ event: "access-failed", error: messageOf(error) }, "Reloading failed; nothing changed.");
    });
  };
  const certificates = config.listeners.flatMap(({ cert, key, clientCa, crl }) => [cert, key, clientCa, crl]);
  const watches = [
    watchFiles({ paths: [usersFile] }, attempt(reloadUsers), lookEveryMs),
    watchFiles({ paths: certificates }, attempt(reloadCertificates), lookEveryMs),
  ];
  return {
    reloadCertificates: attempt(reloadCertificates),
    close() {
      for (const watch of watches) watch.close();
    },
  };
}
