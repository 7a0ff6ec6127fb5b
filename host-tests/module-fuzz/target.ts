// What a target of the fuzzer is.

/** An input where it lies: in memory that is written anew with the next one. */
export interface Input {
  bytes: Buffer;
  length: number;
}

/** How the inputs of a target are built, for mutations that keep to it. */
export type Shape = 'bytes' | 'json' | 'document' | 'token' | 'der' | 'lines';

/** The places of the module that inputs have come to. */
export interface Coverage {
  /** Tries an input; throws as `run`. */
  isNew(input: Input): boolean;
  readonly places: number;
}

/** Something of the module that a stranger's bytes reach. */
export interface Target {
  name: string;
  shape: Shape;
  /** Its part of all inputs, in hundredths. */
  share: number;
  seeds: Buffer[];
  /** Words that mean something to it. */
  dictionary: string[];
  /** Tries one input; throws Difference, or what a trap throws. Returns a number that is another where the module has gone another way. */
  run(input: Input): number;
  /** Where places in the module can be counted: whether an input has come to one as often as none before. */
  covers?: Coverage;
  /** Pages of the module's memory. */
  pages(): number;
  /** Begins anew after a trap. */
  restart(): void;
}

/** The module's answer is another than the oracle's, or one that must never be. */
export class Difference extends Error {
  override name = 'Difference';
}
