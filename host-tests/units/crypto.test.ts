// The module's own hashes and signatures, against node:crypto and, where they are present, Wycheproof's vectors. HMAC and RSA have
// files of their own.
import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
beforeEach(() => module.reset());

const VECTORS = process.env.PORTCULLIS_VECTORS ?? '../shared/data/vectors';
const ED25519 = `${VECTORS}/ed25519_test.json`;

const { exports } = module;
const span = (bytes: Uint8Array | string): bigint => module.span(bytes);

describe('SHA-2', () => {
  it.each([256, 384, 512])('SHA-%i of every length around its blocks, in two parts', (bits) => {
    const data = randomBytes(600);
    for (let length = 0; length <= 600; length++) {
      module.reset();
      const [address] = module.give(data);
      const part = data.subarray(0, length);
      const expected = createHash(`sha${bits}`).update(part).digest('hex');
      const split = (length * 7) % (length + 1);
      const seen = module.take(exports.digest(bits, address, length, split));
      expect(seen?.toString('hex'), `${length} bytes`).toBe(expected);
    }
  });
});

describe('Ed25519', () => {
  it('verifies what node signs, and nothing that was changed', () => {
    for (let i = 0; i < 60; i++) {
      module.reset();
      const pair = generateKeyPairSync('ed25519');
      const key = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x!, 'base64url');
      const text = randomBytes(i * 13);
      const signature = sign(null, text, pair.privateKey);
      expect(exports.ed25519(span(key), span(signature), span(text))).toBe(1);
      for (const of of [signature, key, text]) {
        if (of.length === 0) continue;
        const at = i % of.length;
        of[at]! ^= 1 << (i & 7);
        expect(exports.ed25519(span(key), span(signature), span(text)), `byte ${at}`).toBe(0);
        of[at]! ^= 1 << (i & 7);
      }
    }
  });

  it('refuses a scalar that is not reduced', () => {
    const pair = generateKeyPairSync('ed25519');
    const key = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x!, 'base64url');
    const signature = sign(null, Buffer.from('x'), pair.privateKey);
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
    const twin = Buffer.concat([
      signature.subarray(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(),
    ]);
    expect(exports.ed25519(span(key), span(signature), span('x'))).toBe(1);
    expect(exports.ed25519(span(key), span(twin), span('x'))).toBe(0);
  });
});

describe('an ECDSA signature in DER', () => {
  it.each(['P-256', 'P-384', 'P-521'])('of %s is the one that node makes', (namedCurve) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    for (let i = 0; i < 200; i++) {
      module.reset();
      const text = randomBytes(10);
      const raw = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const der = module.take(exports.ecdsaToDer(...module.give(raw)))!;
      // Node reads DER strictly: a leading zero too many, or one too few, is refused.
      expect(verify('sha256', text, { key: publicKey, dsaEncoding: 'der' }, der)).toBe(true);
    }
  });
});

/** An array per vector, in the order of host-tests/vectors/README.md; hexadecimal throughout. */
const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(`host-tests/vectors/${name}.json`, 'utf8')) as T;
const hex = (text: string): bigint => span(Buffer.from(text, 'hex'));

describe("Wycheproof's vectors", () => {
  it('of RSASSA-PSS', () => {
    interface Group {
      bits: number;
      modulus: string;
      exponent: string;
      tests: [number, string, string, string, string][];
    }
    for (const { bits, modulus, exponent, tests } of vectors<Group[]>('rsa_pss')) {
      for (const [id, comment, text, signature, result] of tests) {
        module.reset();
        const n = hex(modulus.replace(/^(00)+/, ''));
        const seen = exports.pss(bits, n, parseInt(exponent, 16), hex(signature), hex(text));
        expect(seen === 1, `SHA-${bits} ${id} ${comment}`).toBe(result === 'valid');
      }
    }
  });

  it.runIf(existsSync(ED25519))('of Ed25519 (skipped where the file is not present)', () => {
    interface Group {
      publicKey: { pk: string };
      tests: { tcId: number; comment: string; msg: string; sig: string; result: string }[];
    }
    const { testGroups } = JSON.parse(readFileSync(ED25519, 'utf8')) as { testGroups: Group[] };
    for (const { publicKey, tests } of testGroups) {
      for (const { tcId, comment, msg, sig, result } of tests) {
        module.reset();
        const seen = exports.ed25519(hex(publicKey.pk), hex(sig), hex(msg));
        expect(seen === 1, `${tcId} ${comment}`).toBe(result === 'valid');
      }
    }
  });
});
