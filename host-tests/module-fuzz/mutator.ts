// Makes inputs of others: flips, splices, words of a dictionary, and changes that keep to the shape of JSON, of lines, of DER and of tokens.
import type { Random } from '../../envoy-tests/random/generator.ts';
import { changedDocument } from './document.ts';
import type { Shape } from './target.ts';

/** The longest input. */
export const MOST_BYTES = 8 * 1024;
const MOST_CHANGES = 5;
const JSON_MARKS = new Set([...Buffer.from('{}[],:"')]);
const LINE_MARKS = new Set([...Buffer.from('\n:;,=&?. ')]);
const DOT = 0x2e;

export class Mutator {
  private readonly random: Random;
  private readonly words: Buffer[];
  private readonly shape: Shape;
  /** For a section of a token while it is changed. */
  private readonly section = Buffer.alloc(MOST_BYTES);

  constructor(random: Random, shape: Shape, dictionary: string[]) {
    this.random = random;
    this.shape = shape;
    this.words = dictionary.map((word) => Buffer.from(word, 'latin1'));
  }

  /** Puts a change of `seed` into `out`, with pieces of `other`; its length. */
  mutate(seed: Buffer, other: Buffer, out: Buffer): number {
    const { random } = this;
    let length = Math.min(seed.length, MOST_BYTES);
    if (this.shape === 'document' && random.below(4) > 0) {
      const changed = changedDocument(seed, other, random);
      length = changed.copy(out);
    } else {
      seed.copy(out);
    }
    if (this.shape === 'document' && random.below(4) > 0) return length;
    for (let n = random.below(MOST_CHANGES); n > 0; n--) {
      if (this.shape === 'token' && random.below(3) > 0) {
        length = this.changeSection(out, length, other);
      } else if (this.shape === 'der' && random.below(3) > 0) {
        changeHeader(out, length, random);
      } else {
        length = this.change(out, length, other, this.shape);
      }
    }
    return length;
  }

  private change(out: Buffer, length: number, other: Buffer, shape: Shape): number {
    const { random } = this;
    const at = this.placeIn(out, length, shape);
    switch (random.below(8)) {
      case 0:
        if (length > 0) out[at % length]! ^= 1 << random.below(8);
        return length;
      case 1:
        if (length > 0) out[at % length] = random.below(256);
        return length;
      case 2:
        return this.insert(out, length, at, random.pick(this.words));
      case 3: {
        const word = random.pick(this.words);
        return this.insert(out, this.remove(out, length, at, word.length), at, word);
      }
      case 4: {
        const end = this.placeIn(out, length, shape);
        return this.remove(out, length, Math.min(at, end), Math.abs(end - at));
      }
      case 5: {
        const end = this.placeIn(out, length, shape);
        const piece = Buffer.from(out.subarray(Math.min(at, end), Math.max(at, end)));
        return this.insert(out, length, this.placeIn(out, length, shape), piece);
      }
      case 6: {
        const from = this.placeIn(other, other.length, shape);
        return this.insert(out, length, at, other.subarray(from, from + random.below(64)));
      }
      default:
        return random.oneIn(4) ? at : this.remove(out, length, at, 1 + random.below(4));
    }
  }

  /** A place up to the end; where the shape has marks, at one of them as a rule. */
  private placeIn(bytes: Buffer, length: number, shape: Shape): number {
    const { random } = this;
    const at = random.below(length + 1);
    const marks =
      shape === 'json' || shape === 'document'
        ? JSON_MARKS
        : shape === 'lines'
          ? LINE_MARKS
          : undefined;
    if (marks === undefined || random.oneIn(3)) return at;
    for (let i = at; i < length; i++) if (marks.has(bytes[i]!)) return i + random.below(2);
    return at;
  }

  private insert(out: Buffer, length: number, at: number, piece: Buffer): number {
    if (length + piece.length > MOST_BYTES) return length;
    out.copyWithin(at + piece.length, at, length);
    piece.copy(out, at);
    return length + piece.length;
  }

  private remove(out: Buffer, length: number, at: number, count: number): number {
    const end = Math.min(at + count, length);
    out.copyWithin(at, end, length);
    return length - (end - at);
  }

  /** Changes what a section of a token stands for. */
  private changeSection(out: Buffer, length: number, other: Buffer): number {
    const dots = [-1];
    for (let i = 0; i < length; i++) if (out[i] === DOT) dots.push(i);
    dots.push(length);
    const which = this.random.below(Math.min(dots.length - 1, 3));
    const [start, end] = [dots[which]! + 1, dots[which + 1]!];
    const decoded = Buffer.from(out.toString('latin1', start, end), 'base64url');
    decoded.copy(this.section);
    const theirs = other.toString('latin1').split('.')[which] ?? '';
    const changed = this.change(
      this.section,
      decoded.length,
      Buffer.from(theirs, 'base64url'),
      which === 2 ? 'bytes' : 'json',
    );
    const text = Buffer.from(this.section.subarray(0, changed).toString('base64url'), 'latin1');
    return this.insert(out, this.remove(out, length, start, end - start), start, text);
  }
}

/** Changes the tag or the length of a value of DER. */
function changeHeader(out: Buffer, length: number, random: Random): void {
  const places: number[] = [];
  for (let at = 0; at + 1 < length && places.length < 200;) {
    places.push(at);
    const tag = out[at]!;
    const size = out[at + 1]!;
    const header = size < 0x80 ? 2 : 2 + (size & 0x7f);
    // Into what is constructed, and into octet strings, which hold the values of extensions; past everything else.
    at += (tag & 0x20) !== 0 || tag === 0x04 ? header : header + (size < 0x80 ? size : 0);
  }
  if (places.length === 0) return;
  const at = random.pick(places);
  if (random.oneIn(2)) out[at] = random.pick([0x30, 0x04, 0x06, 0x82, 0x86, 0xa3, 0x01, 0x31]);
  else out[at + 1] = random.pick([0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, (out[at + 1]! + 1) & 0xff]);
}
