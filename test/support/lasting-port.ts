/** Ports for programs that end and start again on the same one. */
import { createServer } from "node:net";

/**
 * Below the range from which kernels take ports for outgoing connections. A client that tries again and
 * again to reach a port of that range may be given the port itself, and connects to itself.
 */
const lowest = 15_000;
const highest = 32_000;

/** A port of 127.0.0.1 that is free now, and that no outgoing connection will take. */
export async function lastingPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest} in 100 attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
