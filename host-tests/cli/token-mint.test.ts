// `token mint` beside Istio's gen-jwt.py: what its options make of a payload there, they make here.
import { createHash, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generatePrivateKey } from '../../istio/token/keys.ts';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-mint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PEM = generatePrivateKey();
const KEY = join(folder, 'key.pem');
writeFileSync(KEY, PEM);

const ISTIO = 'testing@secure.istio.io';
const mint = (...args: string[]): ReturnType<typeof portcullis> =>
  portcullis(['token', 'mint', ...args]);

function section(token: string, index: number): string {
  return Buffer.from(token.split('.')[index]!, 'base64url').toString();
}

/** The claims but the times, as they are written. */
async function claims(...args: string[]): Promise<string> {
  const { stdout, stderr } = await mint(KEY, ...args);
  expect(stderr).toBe('');
  return section(stdout, 1)
    .replace(/"exp":\d+,/, '')
    .replace(/"iat":\d+,/, '');
}

describe("portcullis token mint, as Istio's gen-jwt.py", () => {
  it.each([
    ['nothing', [], `{"iss":"${ISTIO}","sub":"${ISTIO}"}`],
    ['an issuer', ['--iss', 'me'], '{"iss":"me","sub":"me"}'],
    ['an issuer, with one dash', ['-iss', 'me'], '{"iss":"me","sub":"me"}'],
    ['an empty issuer', ['--iss', ''], '{"sub":""}'],
    ['a subject', ['-sub', 'a'], `{"iss":"${ISTIO}","sub":"a"}`],
    ['an empty subject', ['--sub', ''], `{"iss":"${ISTIO}","sub":"${ISTIO}"}`],
    ['an audience', ['--iss=i', '-aud', 'a'], '{"aud":"a","iss":"i","sub":"i"}'],
    ['audiences', ['--iss=i', '-aud=a,b'], '{"aud":["a","b"],"iss":"i","sub":"i"}'],
    ['an empty audience', ['--iss=i', '--aud', ''], '{"iss":"i","sub":"i"}'],
    [
      'claims',
      ['--iss=i', '--claims=email:a@b.c,dead:beef'],
      '{"dead":"beef","email":"a@b.c","iss":"i","sub":"i"}',
    ],
    ['a claim that is another option', ['-claims', 'iss:x', '-sub', 's'], '{"iss":"x","sub":"s"}'],
    [
      'lists',
      ['--iss=i', '-listclaim', 'k', 'v', '-listclaim', 'a', '2', '-1'],
      '{"a":["2","-1"],"iss":"i","k":["v"],"sub":"i"}',
    ],
    [
      'a nested claim of one value',
      ['--iss=i', '-nestedclaim', 'k', 'v'],
      '{"iss":"i","nested":{"k":"v","nested-2":{"k":"v"}},"sub":"i"}',
    ],
    [
      'nested claims',
      ['--iss=i', '--nestedclaim', 'z', '1', '2', '--nestedclaim', 'a', '3'],
      '{"iss":"i","nested":{"a":"3","nested-2":{"a":"3","z":["1","2"]},"z":["1","2"]},"sub":"i"}',
    ],
  ])('makes the same claims of %s', async (_, args, expected) => {
    expect(await claims(...args)).toBe(expected);
  });

  it.each([
    [[], 3600],
    [['-expire', '5'], 5],
    [['--expire=-60'], -60],
    [['--expire', '-60'], -60],
  ])('%j expires after %d seconds', async (args, seconds) => {
    const { stdout } = await mint(KEY, ...args);
    const { exp, iat } = JSON.parse(section(stdout, 1)) as Record<string, number>;
    expect(exp! - iat!).toBe(seconds);
  });

  it('names the key by its thumbprint (RFC 7638), in the header and in the key set', async () => {
    const { e, n } = createPublicKey(PEM).export({ format: 'jwk' });
    const text = JSON.stringify({ e, kty: 'RSA', n });
    const kid = createHash('sha256').update(text).digest('base64url');
    const jwks = join(folder, 'jwks.json');
    const { stdout } = await mint(KEY, '-jwks', jwks);
    expect(section(stdout, 0)).toBe(`{"alg":"RS256","kid":"${kid}","typ":"JWT"}`);
    expect(JSON.parse(readFileSync(jwks, 'utf8'))).toEqual({ keys: [{ e, kid, kty: 'RSA', n }] });
  });

  it('takes its options before and after the key', async () => {
    const options = ['--iss', 'a', '--claims=b:c'];
    const { stdout } = await mint(...options, KEY, '-listclaim', 'd', 'e');
    expect(section(stdout, 1)).toContain('"d":["e"]');
    const { code } = await portcullis(['--color', 'token', 'mint', ...options, KEY]);
    expect(code).toBe(0);
  });
});
