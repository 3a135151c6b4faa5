/** How many bytes a program has not yet read from its sockets, as the kernel counts them. Linux. */
import { readFile } from "node:fs/promises";

/**
 * Bytes on their way between two ends of loopback connections, by the client's port: sent by the client and
 * not yet read by the server.
 *
 * Source: Linux, proc_net_tcp.rst: `tx_queue` of the client's end, `rx_queue` of the server's.
 *
 * @param serverPort - Of connections to this port.
 */
export async function unreadBytes(serverPort: number): Promise<ReadonlyMap<number, number>> {
  const text = await readFile("/proc/net/tcp", "utf8");
  const bytes = new Map<number, number>();
  for (const line of text.trim().split("\n").slice(1)) {
    const [, local = "", remote = "", state, queues = ""] = line.trim().split(/\s+/);
    if (state !== "01") continue;
    const [localPort, remotePort] = [local, remote].map((address) => parseInt(address.split(":")[1]!, 16));
    const [sending, received] = queues.split(":").map((hexadecimal) => parseInt(hexadecimal, 16));
    if (remotePort === serverPort) bytes.set(localPort!, (bytes.get(localPort!) ?? 0) + sending!);
    else if (localPort === serverPort) bytes.set(remotePort!, (bytes.get(remotePort!) ?? 0) + received!);
  }
  return bytes;
}
