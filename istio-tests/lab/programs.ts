// The lab's programs: each with a log of its own, none outlives the run.
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../../envoy/errors.ts';
import { Supervised } from '../../envoy/runtime/supervised.ts';

const READY_LIMIT_MS = 60_000;

export class Programs {
  private readonly folder: string;
  private readonly running = new Map<string, Supervised>();

  /** `folder`: where the logs are, and where the programs run. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Starts one. What it writes goes on where the program of this name before it ended. */
  start(name: string, command: string[], env: Record<string, string> = {}): void {
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    this.running.set(
      name,
      Supervised.start('env', ['-C', this.folder, ...settings, ...command], log),
    );
    closeSync(log);
  }

  /** Ends one. */
  async stop(name: string): Promise<void> {
    await this.running.get(name)?.stop();
    this.running.delete(name);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running.keys()].map((name) => this.stop(name)));
  }

  /** What one has written. */
  log(name: string): string {
    const path = join(this.folder, `${name}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Waits for one to be ready. Throws EnvironmentError with the end of its log. */
  async until(name: string, isReady: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + READY_LIMIT_MS; Date.now() < end; await sleep(100)) {
      if (await isReady().catch(() => false)) return;
      if (this.running.get(name)?.running === false) break;
    }
    const end = this.log(name).trimEnd().split('\n').slice(-10).join('\n');
    throw new EnvironmentError(`${name} did not become ready:\n${end}`);
  }
}
