// What tests leave behind: processes that they have started, folders or files in TMPDIR, shared memory. It should be nothing.
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileOf, processes } from '../envoy-tests/proc.ts';

/** What is being ended has so long to end. */
const PATIENCE_MS = 5000;
const MARK = 'PORTCULLIS_TEST_RUN';

/** A run of tests: all that it starts is marked by its environment, and has a folder of the run's own for temporary files. */
export class LeftBehind {
  private readonly mark = `${MARK}=${randomUUID()}`;
  private readonly folder = mkdtempSync(join(tmpdir(), 'portcullis-tests-'));
  private readonly sharedBefore = new Set(sharedMemory());

  constructor() {
    // Other users' programs, in the lab of Istio, must find what is theirs in it.
    chmodSync(this.folder, 0o755);
    process.env[MARK] = this.mark.slice(MARK.length + 1);
    process.env.TMPDIR = this.folder;
  }

  /** What is left of the run, once what was being ended has had its time. */
  async find(): Promise<string[]> {
    for (let waited = 0; this.now().length > 0 && waited < PATIENCE_MS; waited += 100) {
      await sleep(100);
    }
    const left = this.now();
    // What is left may be what tells why a test has failed.
    if (left.length === 0) rmSync(this.folder, { recursive: true, force: true });
    return left;
  }

  private now(): string[] {
    return [
      ...processes()
        .filter((pid) => fileOf(pid, 'environ').split('\0').includes(this.mark))
        .map((pid) => `process ${pid}: ${fileOf(pid, 'cmdline').replaceAll('\0', ' ')}`)
        // The test runner's own.
        .filter((text) => !/vitest|esbuild/.test(text)),
      ...readdirSync(this.folder).map((name) => `file ${join(this.folder, name)}`),
      ...sharedMemory().filter((file) => !this.sharedBefore.has(file)),
    ];
  }
}

function sharedMemory(): string[] {
  const names = existsSync('/dev/shm') ? readdirSync('/dev/shm') : [];
  return names.filter((name) => name.startsWith('envoy')).map((name) => `/dev/shm/${name}`);
}
