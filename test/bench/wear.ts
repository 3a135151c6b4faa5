/** Bytes that reach the block device for each event, at 200 events a commit. Needs root for a loop device. */
import { execFileSync } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { record } from "./history.ts";
import { runLoad, tenRules } from "./load.ts";
import { startHoldfast } from "./peers.ts";

const payloadBytes = 80;
const sectorBytes = 512;

/** Bytes written to a block device so far. Source: Linux, Documentation/block/stat.rst, field 7. */
async function writtenBytes(device: string): Promise<number> {
  const stat = await readFile(`/sys/block/${basename(device)}/stat`, "utf8");
  return Number(stat.trim().split(/\s+/)[6]) * sectorBytes;
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}

/** What came of one run on one file system. */
interface Wear {
  readonly bytesPerEvent: number;
  readonly events: number;
  readonly eventsPerCommit: number;
}

async function wearOn(
  fileSystem: readonly string[],
  options: { readonly program: string; readonly seconds: number },
): Promise<Wear> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-wear-"));
  const image = join(directory, "disk.img");
  const mount = join(directory, "mount");
  await mkdir(mount);
  run("truncate", "--size=1G", image);
  run("mkfs.ext4", "-q", ...fileSystem, image);
  const device = run("losetup", "--find", "--show", image);
  run("mount", "-o", "noatime", device, mount);
  try {
    const before = await writtenBytes(device);
    // Ten clients with twenty in flight, and a delay in which all of them have sent: 200 events a commit.
    const peer = await startHoldfast({
      program: options.program,
      rules: tenRules,
      dataDir: join(mount, "data"),
      store: { commitDelay: "5ms" },
    });
    await runLoad({ port: peer.port, clients: 10, inFlight: 20, seconds: options.seconds * 4 });
    const status = await fetch(`http://127.0.0.1:${peer.httpPort}/api/v1/status`);
    const { logSeq } = (await status.json()) as { logSeq: number };
    const ledger = await fetch(`http://127.0.0.1:${peer.httpPort}/api/v1/ledger`);
    const { stored } = (await ledger.json()) as { stored: number };
    await peer.stop();
    run("sync", "--file-system", mount);
    const bytes = (await writtenBytes(device)) - before;
    return {
      bytesPerEvent: Number((bytes / stored).toFixed(1)),
      events: stored,
      eventsPerCommit: Math.round(stored / logSeq),
    };
  } finally {
    run("umount", mount);
    run("losetup", "--detach", device);
    await rm(directory, { recursive: true, force: true });
  }
}

function ratio({ bytesPerEvent }: Wear): number {
  return Number((bytesPerEvent / payloadBytes).toFixed(3));
}

/** Measures on ext4 as it is made, with fast commits, and without a journal: what of it is the file system's. */
export async function measureWear(options: {
  readonly program: string;
  readonly seconds: number;
}): Promise<void> {
  const usual = await wearOn([], options);
  const fastCommit = await wearOn(["-O", "fast_commit"], options);
  const noJournal = await wearOn(["-O", "^has_journal"], options);
  await record({
    metric: "written-bytes-per-payload-byte",
    value: ratio(usual),
    target: "<= 1.5",
    detail: { ...usual, onFastCommit: ratio(fastCommit), withoutJournal: ratio(noJournal) },
  });
}
