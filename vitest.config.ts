import { defineConfig } from "vitest/config";

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    // Real processes, real kills and real clocks on a machine that others use as well: what fails once there is tried
    // again, and named. Properties have a fixed seed there, so that they fail again.
    retry: process.env["CI"] === undefined ? 0 : 1,
  },
});

export default config;
