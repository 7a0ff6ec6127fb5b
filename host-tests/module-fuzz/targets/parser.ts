// The parts of the module that read bytes by themselves, in the `testing` build: inputs lie in its own memory.
import { type Trace, coverageOf } from '../coverage.ts';
import { Difference, type Input, type Shape, type Target } from '../target.ts';
import { MOST_BYTES } from '../mutator.ts';
import { TestingModule } from '../../units/testing-module.ts';

/** What a target of this kind says of itself. */
export interface ParserOptions {
  name: string;
  shape: Shape;
  share: number;
  seeds: (string | Buffer)[];
  dictionary: string[];
  /** Tries the input at an address of the module; see Target.run. */
  check: (parser: Parser, input: Input, address: number) => number;
}

/** A reader in the module. */
export class Parser {
  module: TestingModule;
  private readonly trace: Trace | undefined;
  private address: number;
  private memory: Buffer;
  private readonly words = new Map<string, number>();

  constructor(trace?: Trace) {
    this.trace = trace;
    this.module = new TestingModule(trace?.hit);
    this.address = this.module.exports.inputBuffer(MOST_BYTES);
    this.memory = this.viewOf();
  }

  /** The input in the module's memory. */
  place({ bytes, length }: Input): number {
    const { exports } = this.module;
    exports.reset();
    if (this.memory.buffer !== exports.memory.buffer) this.memory = this.viewOf();
    bytes.copy(this.memory, 0, 0, length);
    return this.address;
  }

  /** The address of a word that stays. */
  word(text: string): number {
    const known = this.words.get(text);
    if (known !== undefined) return known;
    const address = this.module.exports.inputBuffer(text.length);
    new Uint8Array(this.module.exports.memory.buffer).set(Buffer.from(text), address);
    this.words.set(text, address);
    return address;
  }

  restart(): void {
    this.module = new TestingModule(this.trace?.hit);
    this.words.clear();
    this.address = this.module.exports.inputBuffer(MOST_BYTES);
    this.memory = this.viewOf();
  }

  private viewOf(): Buffer {
    return Buffer.from(this.module.exports.memory.buffer, this.address, MOST_BYTES);
  }
}

/** A target that is a reader. */
export function parserTarget({ check, seeds, ...options }: ParserOptions): Target {
  const parser = new Parser();
  return {
    ...options,
    seeds: seeds.map((seed) => (typeof seed === 'string' ? Buffer.from(seed) : seed)),
    run: (input) => check(parser, input, parser.place(input)),
    covers: coverageOf((trace) => {
      const traced = new Parser(trace);
      return (input) => void check(traced, input, traced.place(input));
    }),
    pages: () => parser.module.exports.pages(),
    restart: () => parser.restart(),
  };
}

/** Throws where the module and the oracle do not agree. */
export function agree(ours: unknown, theirs: unknown): void {
  if (ours !== theirs) {
    throw new Difference(`the module: ${String(ours)}, the oracle: ${String(theirs)}`);
  }
}
