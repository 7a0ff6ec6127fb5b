// The file of one test's recorded cases, written anew with the first of them.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CaseLine, RecordedCase, RecordedWorld } from '../../host-tests/recorded/format.ts';

/** A piece of a case that is written only once: a token, as a rule. */
const LONG = /[\w.%+/=-]{100,}/g;

export class CaseFile {
  private readonly path: string;
  /** Long texts that stand in the file, with their numbers. */
  private readonly texts = new Map<string, number>();
  private readonly cases = new Map<string, number>();
  private begun = false;
  private world = '';
  /** How many clients' certificates stand below the last world. */
  private clients = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** How many cases of a test have been written. */
  casesOf(test: string): number {
    return this.cases.get(test) ?? 0;
  }

  /** Writes a case, and in front of it what is new since the last one. */
  write(world: RecordedWorld, clients: string[], recorded: RecordedCase): void {
    this.cases.set(recorded.test, this.casesOf(recorded.test) + 1);
    const text = JSON.stringify(world);
    if (text !== this.world) {
      this.append({ world });
      this.clients = 0;
    }
    this.world = text;
    for (; this.clients < clients.length; this.clients++) {
      this.append({ client: clients[this.clients]! });
    }
    this.append(
      JSON.parse(JSON.stringify(recorded), (_, value: unknown) =>
        typeof value === 'string' ? value.replace(LONG, (long) => this.place(long)) : value,
      ) as RecordedCase,
    );
  }

  private place(long: string): string {
    const number = this.texts.get(long) ?? this.texts.size;
    if (!this.texts.has(long)) {
      this.texts.set(long, number);
      this.append({ text: long });
    }
    return `«${number}»`;
  }

  private append(line: CaseLine): void {
    if (!this.begun) {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, '');
    }
    this.begun = true;
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }
}
