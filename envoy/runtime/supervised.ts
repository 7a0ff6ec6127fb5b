// A child that does not outlive its parent, not even one that was killed with -9: a shell between the two waits for the
// pipe from the parent to close, and then ends the child.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const SUPERVISOR = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( read -r _ <&3; sleep 3 & patience=$!; trap 'kill $patience; exit' TERM; kill -TERM $child; wait $patience; kill -KILL $child ) 2>/dev/null &
watcher=$!
wait $child
status=$?
kill $watcher 2>/dev/null
exit $status
`;

/** A running child. */
export class Supervised {
  private readonly shell: ChildProcess;

  private constructor(shell: ChildProcess) {
    this.shell = shell;
  }

  /** Starts a program; its output goes to `log`. */
  static start(program: string, args: string[], log: number): Supervised {
    const shell = spawn('/bin/sh', ['-c', SUPERVISOR, 'supervisor', program, ...args], {
      stdio: ['pipe', log, log],
    });
    shell.stdin?.on('error', () => {});
    return new Supervised(shell);
  }

  /** Whether it still runs. */
  get running(): boolean {
    return this.shell.exitCode === null && this.shell.signalCode === null;
  }

  /** Its process number (Linux); throws when it is not there. */
  get pid(): number {
    // The shell's first child; the second is the one that watches.
    const children = readFileSync(
      `/proc/${this.shell.pid}/task/${this.shell.pid}/children`,
      'utf8',
    );
    return Number(children.split(' ')[0]);
  }

  /** Its exit code, once it has ended. */
  get exitCode(): number | null {
    return this.shell.exitCode;
  }

  /** Ends it, politely at first; resolves when it is gone. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const ended = once(this.shell, 'exit');
    this.shell.stdin?.end();
    await ended;
  }
}
