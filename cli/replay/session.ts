// A shell that runs the commands of a page one by one, with what they leave behind: variables, files.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What a command printed, and its exit code; undefined when it had to be stopped. */
export interface Output {
  lines: string[];
  code: number | undefined;
}

export class Session {
  private readonly shell: ChildProcess;
  private readonly mark = `end-${randomUUID()}`;
  private text = '';
  private changed: () => void = () => undefined;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.shell = spawn('bash', ['--norc', '--noprofile'], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Of its own group, so that what it runs can be ended with it.
      detached: true,
    });
    for (const stream of [this.shell.stdout!, this.shell.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        this.text += chunk;
        this.changed();
      });
    }
    this.shell.stdin!.on('error', () => undefined);
    this.shell.on('exit', () => this.changed());
  }

  /**
   * Runs a command; after `limit` milliseconds it is interrupted. With `watched`, for what never ends by itself: that many milliseconds
   * after its first word, however long it has taken to begin.
   */
  async run(command: string, limit: number, watched?: number): Promise<Output> {
    this.text = '';
    // Its standard input is empty, not the rest of the page.
    this.shell.stdin!.write(
      `{ ${command}\n} 2>&1 </dev/null\nprintf '\\n%s %s\\n' ${this.mark} $?\n`,
    );
    const end = new RegExp(`\\n?${this.mark} (\\d+)\\n`);
    const hasEnded = (): boolean => end.test(this.text);
    if (watched === undefined) await this.until(hasEnded, limit);
    else {
      await this.until(() => this.text !== '', limit);
      await this.until(hasEnded, watched);
    }
    const found = end.exec(this.text);
    if (found === null) {
      // What was printed so far is what there is to compare.
      const lines = this.text.split('\n');
      await this.interrupt(end);
      return { lines, code: undefined };
    }
    return { lines: this.text.slice(0, found.index).split('\n'), code: Number(found[1]) };
  }

  /** Nothing can be run any more. */
  get hasEnded(): boolean {
    return this.shell.exitCode !== null || this.shell.signalCode !== null;
  }

  /** Ends the shell and all that it runs. */
  stop(): void {
    try {
      process.kill(-this.shell.pid!, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }

  /** Ends what the shell runs, and waits until it is ready again. */
  private async interrupt(end: RegExp): Promise<void> {
    for (const child of childrenOf(this.shell.pid!)) {
      try {
        process.kill(child, 'SIGINT');
      } catch {
        // It has just ended by itself.
      }
    }
    await this.until(() => end.test(this.text), 5000);
  }

  private until(is: () => boolean, limit: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, limit);
      this.changed = () => {
        if (!is() && !this.hasEnded) return;
        clearTimeout(timer);
        done();
      };
      this.changed();
    });
  }
}

/** The children of a process (Linux). */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
