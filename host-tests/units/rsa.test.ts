// The RSA public operation against arithmetic by BigInt, and the encoding of RSASSA-PSS with one fault at a time, signed as it is.
import {
  type KeyObject,
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

let module: TestingModule;
beforeEach(() => {
  module = new TestingModule();
});

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function power(base: bigint, exponent: number, modulus: bigint): bigint {
  let value = 1n;
  for (const bit of exponent.toString(2)) {
    value = (value * value) % modulus;
    if (bit === '1') value = (value * base) % modulus;
  }
  return value;
}

/** As `give`, with bytes before and after that are not the value's. */
function amidst(bytes: Uint8Array): bigint {
  const [address] = module.give(
    Buffer.concat([Buffer.alloc(4, 0xff), bytes, Buffer.alloc(4, 0xff)]),
  );
  return BigInt.asIntN(64, (BigInt(bytes.length) << 32n) | BigInt(address + 4));
}

/** The module's base^exponent mod modulus; undefined when it has none. It writes no byte more than the modulus has. */
function rsa(base: bigint, modulus: bigint, exponent: number): bigint | undefined {
  module.reset();
  const length = Math.ceil(modulus.toString(16).length / 2);
  const [around] = module.give(Buffer.alloc(length + 2, 0x5a));
  const args = [amidst(bytesOf(base, length)), amidst(bytesOf(modulus, length))] as const;
  const isThere = module.exports.rsa(around + 1, ...args, exponent);
  const out = Buffer.from(new Uint8Array(module.exports.memory.buffer, around, length + 2));
  expect([out[0], out[length + 1]]).toEqual([0x5a, 0x5a]);
  return isThere === 1 ? numberOf(out.subarray(1, -1)) : undefined;
}

const two = (bits: number): bigint => 1n << BigInt(bits);

/** Moduli of all shapes, the long ones first. */
const MODULI: [name: string, modulus: bigint][] = [
  ['of 2048 bits, all of them set', two(2048) - 1n],
  ['of 1056 bits', two(1055) + two(700) + 12_345n],
  ['of 1031 bits', two(1030) + two(1029) + 1n],
  ['of 1025 bits, two of them set', two(1024) + 1n],
  ['of 1024 bits, two of them set', two(1023) + 1n],
  ['of 1024 bits, all of them set but some', two(1024) - 105n],
  ['of 1024 bits with limbs of zeros', two(1024) - two(1000) + two(64) - 1n],
  ['of 1018 bits', two(1018) - two(500) - 3n],
  ['of 65 bits', two(64) + 13n],
  ['of 8 bits', 251n],
  ['of 2 bits', 3n],
];

/** The base that the module multiplies as `form`: form / 2^(32·limbs) modulo an odd number. */
function baseOfForm(form: bigint, modulus: bigint): bigint {
  const bits = Math.ceil(modulus.toString(2).length / 32) * 32;
  let value = form;
  for (let i = 0; i < bits; i++)
    value = (value & 1n) === 0n ? value >> 1n : (value + modulus) >> 1n;
  return value;
}

describe('m^e mod n', () => {
  it.each(MODULI)('is right for a modulus %s', (_, modulus) => {
    const bases = [
      ...[0n, 1n, modulus - 1n, modulus >> 1n],
      baseOfForm(modulus - 1n, modulus),
      ...Array.from({ length: 2 }, () => numberOf(randomBytes(256)) % modulus),
    ];
    for (const base of bases) {
      for (const exponent of [3, 65_537]) {
        const seen = rsa(base, modulus, exponent);
        expect(seen, `${base}^${exponent}`).toBe(power(base, exponent, modulus));
      }
    }
  });

  it('knows nothing of the longer moduli before', () => {
    for (const [name, modulus] of MODULI) {
      const base = modulus - 2n;
      expect(rsa(base, modulus, 3), name).toBe(power(base, 3, modulus));
    }
  });

  it.each([1, 2, 5, 6, 257, 0xffff_ffff])('is right for the exponent %i', (exponent) => {
    const modulus = two(64) + 13n;
    for (const base of [2n, 12_345_678_901n, modulus - 2n])
      expect(rsa(base, modulus, exponent)).toBe(power(base, exponent, modulus));
  });

  it('is right for the longest modulus, and there is none for a longer one', () => {
    const longest = two(16_384) - 3n;
    const base = numberOf(randomBytes(2048)) % longest;
    expect(rsa(base, longest, 3)).toBe(power(base, 3, longest));
    expect(rsa(base, two(16_384) + 1n, 3)).toBeUndefined();
  });

  it.each(MODULI)('is none for what is not below a modulus %s', (_, modulus) => {
    const limit = two(Math.ceil(modulus.toString(2).length / 8) * 8);
    for (const base of [modulus, modulus + 1n, limit - 1n].filter((value) => value < limit))
      expect(rsa(base, modulus, 3), String(base)).toBeUndefined();
  });

  it('is none without an exponent: nothing would have been signed', () => {
    expect(rsa(5n, 251n, 0)).toBeUndefined();
  });
});

/** What an encoded message is made of (RFC 8017 §9.1.1), each to be changed by itself. */
interface Encoding {
  /** Bits in front that the modulus has no room for. */
  unused: number;
  padding: number[];
  separator: number;
  salt: Uint8Array;
  trailer: number;
  hash: Uint8Array;
}

interface Key {
  privateKey: KeyObject;
  modulus: Buffer;
  bits: number;
}

function makeKey(modulusLength: number, publicExponent = 65_537): Key {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  const { n } = publicKey.export({ format: 'jwk' });
  return { privateKey, modulus: Buffer.from(n!, 'base64url'), bits: modulusLength };
}

const TEXT = 'header.payload';

function digest(bits: number, ...parts: Uint8Array[]): Buffer {
  return createHash(`sha${bits}`).update(Buffer.concat(parts)).digest();
}

/** Signs an encoded message in which something is other than it should be. */
function forge(key: Key, bits: number, change: (encoding: Encoding) => void): Buffer {
  const hashSize = bits / 8;
  const size = Math.ceil((key.bits - 1) / 8);
  for (;;) {
    const salt = randomBytes(hashSize);
    const hash = digest(bits, Buffer.alloc(8), digest(bits, Buffer.from(TEXT)), salt);
    const encoding = {
      ...{ unused: 0, padding: Array(size - 2 * hashSize - 2).fill(0) as number[], separator: 1 },
      ...{ salt, trailer: 0xbc, hash },
    };
    change(encoding);
    const { padding, separator } = encoding;
    const block = Buffer.from([...padding, separator, ...encoding.salt]);
    const masked = Buffer.alloc(block.length);
    for (let i = 0, counter = 0; i < block.length; i += hashSize, counter++) {
      const mask = digest(bits, encoding.hash, Buffer.from([0, 0, 0, counter]));
      for (let j = 0; j < hashSize && i + j < block.length; j++)
        masked[i + j] = block[i + j]! ^ mask[j]!;
    }
    const excess = size * 8 - (key.bits - 1);
    masked[0]! &= 0xff >> excess;
    const message = Buffer.concat([masked, encoding.hash, Buffer.from([encoding.trailer])]);
    // Where the message is a byte shorter than the modulus, there is one in front of it.
    const whole = Buffer.concat([Buffer.alloc(key.modulus.length - size), message]);
    whole[0]! |= encoding.unused;
    // A number beyond the modulus cannot be signed: with another salt it may be below.
    if (Buffer.compare(whole, key.modulus) >= 0) continue;
    return privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, whole);
  }
}

function judge(key: Key, bits: number, signature: Uint8Array, exponent = 65_537): number {
  module.reset();
  const args = [amidst(key.modulus), exponent, amidst(signature), module.span(TEXT)] as const;
  return module.exports.pss(bits, ...args);
}

// A modulus whose top byte has one bit, two, seven, and eight: of the first the encoded message is a byte shorter.
describe.each([1025, 1026, 1031, 1024])('RSASSA-PSS with a key of %i bits', (size) => {
  const key = makeKey(size);
  const hashes = [256, 384, 512].filter((bits) => size >= bits * 2 + 17);

  it.each(hashes)('verifies what node signs with SHA-%i, and no salt of another length', (bits) => {
    const make = (saltLength: number): Buffer =>
      sign(`sha${bits}`, Buffer.from(TEXT), {
        key: key.privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      });
    expect(judge(key, bits, make(bits / 8))).toBe(1);
    expect(judge(key, bits, make(bits / 8 - 1)), 'shorter').toBe(0);
    expect(judge(key, bits, make(0)), 'none').toBe(0);
    expect(judge(key, bits, make(bits / 8 + 1)), 'longer').toBe(0);
  });

  it.each<[string, (encoding: Encoding) => void, number]>([
    ['as it should be', () => {}, 1],
    [
      'with a bit in front',
      (it) => (it.unused = size % 8 === 1 ? 1 : 0x80 >> (8 - (size % 8 || 8))),
      0,
    ],
    ['with another trailer', (it) => (it.trailer = 0xcc), 0],
    ['with a padding that begins with another byte', (it) => (it.padding[0] = 1), 0],
    [
      'with a padding that ends with another byte',
      (it) => (it.padding[it.padding.length - 1] = 1),
      0,
    ],
    ['with another separator', (it) => (it.separator = 2), 0],
    ['without separator', (it) => (it.separator = 0), 0],
    ['with another salt', (it) => (it.salt = randomBytes(it.salt.length)), 0],
    ['with another hash', (it) => (it.hash = randomBytes(it.hash.length)), 0],
  ])('judges a message %s', (_, change, expected) => {
    const bits = 256;
    expect(judge(key, bits, forge(key, bits, change))).toBe(expected);
  });

  it('refuses what is shorter or longer than the modulus', () => {
    const good = forge(key, 256, () => {});
    const zero = Buffer.alloc(1);
    for (const wrong of [good.subarray(1), good.subarray(0, -1), Buffer.concat([zero, good])])
      expect(judge(key, 256, wrong)).toBe(0);
  });

  it('is not forged by 0, 1, or a number beyond the modulus', () => {
    const zero = Buffer.alloc(key.modulus.length);
    const one = Buffer.from(zero);
    one[one.length - 1] = 1;
    const last = Buffer.from(key.modulus);
    last[last.length - 1]! -= 1;
    for (const forged of [zero, one, last, key.modulus, Buffer.alloc(zero.length, 0xff)])
      expect(judge(key, 256, forged)).toBe(0);
  });

  it('takes no signature for its own message, whose number is beyond the modulus', () => {
    const good = numberOf(forge(key, 256, () => {}));
    const beyond = good + numberOf(key.modulus);
    if (beyond < two(key.modulus.length * 8))
      expect(judge(key, 256, bytesOf(beyond, key.modulus.length))).toBe(0);
  });
});

describe('RSASSA-PSS', () => {
  it('knows the exponent 3, too', () => {
    const key = makeKey(1024, 3);
    const good = forge(key, 256, () => {});
    expect(judge(key, 256, good, 3)).toBe(1);
    expect(judge(key, 256, good)).toBe(0);
  });

  it.each([
    ['just room enough', 1034, 1],
    ['no room', 1032, 0],
  ])('with %s for hash and salt: a key of %i bits for SHA-512', (_, size, expected) => {
    const key = makeKey(size);
    if (expected === 1)
      expect(
        judge(
          key,
          512,
          forge(key, 512, () => {}),
        ),
      ).toBe(1);
    // All that there is room for, as if it were enough.
    else expect(judge(key, 512, Buffer.alloc(key.modulus.length, 1))).toBe(0);
  });
});
