/**
 * `npm run build [-- DIRECTORY]`: one file for devices, `dist/holdfast.js`, with everything in it but what is native.
 *
 * Reading hundreds of small files and stripping their types is what a start on a slow card would spend its
 * time on. Commands and upstream clients that a gateway does not need at once are chunks of their own.
 */
import { chmod, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const directory = process.argv[2] ?? "dist";
await rm(directory, { recursive: true, force: true });
await mkdir(directory);
await build({
  entryPoints: { holdfast: "src/main.ts" },
  outdir: directory,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Some packages have a CommonJS form that looks its own files up at run time.
  mainFields: ["module", "main"],
  minify: true,
  legalComments: "linked",
  // Native code is found by its own package beside the file; pino-pretty is for terminals only; sketches-js
  // asks for protobufjs only to write sketches in a form that is not used.
  external: [
    "classic-level",
    "cbor-extract",
    "bufferutil",
    "utf-8-validate",
    "pino-pretty",
    "protobufjs/minimal",
  ],
  // CommonJS packages inside the bundle ask for Node's own modules.
  banner: {
    js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
  },
});
await chmod(`${directory}/holdfast.js`, 0o755);
