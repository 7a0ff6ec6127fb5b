// `token decode` and `token verify` as they are installed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../../istio/token/keys.ts';
import { mintToken } from '../../istio/token/mint.ts';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const NOW = 1_800_000_000;
const key = readPrivateKey(generatePrivateKey());
const other = readPrivateKey(generatePrivateKey());
const mint = (claims: Record<string, unknown> = {}, from = key): string =>
  mintToken(from, { iss: 'https://idp.example', sub: 'alice', aud: 'api', claims }, NOW * 1000);
const TOKEN = mint();
const token = file('token.txt', `${TOKEN}\n`);
const jwks = file('jwks.json', keySet(publicJwk(key)));

describe('token decode', () => {
  it('shows header and claims, times as dates, and that nothing is verified', async () => {
    const { code, stdout, stderr } = await portcullis(['token', 'decode', token]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\n  iss  https://idp.example\n');
    expect(stdout).toMatch(/\n {2}exp {2}1800003600 {2}2027-01-15T09:00:00Z, (in \d+|\d+) /);
    expect(stdout).toContain('not verified');
  });

  it.each(['json', 'yaml'])('as %s says the same', async (format) => {
    const { stdout } = await portcullis(['token', 'decode', token, '-o', format]);
    expect(parse(stdout)).toMatchObject({
      header: { alg: 'RS256' },
      payload: { sub: 'alice', aud: 'api' },
      verified: false,
    });
  });

  it.each([
    ['standard input', [] as string[], TOKEN, {}],
    ['standard input, named', ['-'], TOKEN, {}],
    ['a copied header', [], `Authorization: Bearer ${TOKEN}\n`, {}],
    ['the environment', ['--env', 'TOKEN'], '', { TOKEN }],
  ])('takes a token from %s', async (_, args, input, env) => {
    const { code, stdout } = await portcullis(['token', 'decode', ...args], input, env);
    expect(code).toBe(0);
    expect(stdout).toContain('alice');
  });

  it('takes none as an argument, and does not repeat it', async () => {
    const { code, stdout, stderr } = await portcullis(['token', 'decode', TOKEN]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('history');
    expect(stderr).not.toContain(TOKEN.slice(0, 20));
  });

  const [header, payload, signature] = TOKEN.split('.') as [string, string, string];
  const encoded = (text: string): string => Buffer.from(text).toString('base64url');
  it.each([
    ['one', 'has 1 sections between dots, and a JWT has 3'],
    ['a.b.c.d.e', 'is encrypted (JWE)'],
    [`${header}=.${payload}.${signature}`, 'the header is not base64url'],
    [`${header}.${payload}+.${signature}`, 'the payload is not base64url'],
    [`${header}.${payload}.`, 'the signature is empty'],
    [`${header}.${encoded('[1]')}.${signature}`, 'the payload is not a JSON object'],
    [`${encoded('{"alg":')}.${payload}.${signature}`, 'the header is not JSON'],
  ])('of %.12s… says what is wrong', async (text, message) => {
    const { code, stderr } = await portcullis(['token', 'decode', '-'], text);
    expect(code).toBe(2);
    expect(stderr).toContain(`-: no JWT: ${message}`);
  });

  it.each([
    [['token', 'decode', 'no-such-file'], 'no-such-file: '],
    [['token', 'decode', '--env', 'NO_SUCH_VARIABLE'], 'is not set'],
    [['token', 'decode', token, '--env', 'HOME'], 'a file is given as well'],
  ])('%s ends with 2', async (args, message) => {
    const { code, stderr } = await portcullis(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('token verify', () => {
  const verify = (text: string, ...args: string[]): ReturnType<typeof portcullis> =>
    portcullis(['token', 'verify', '--jwks', jwks, '--now', String(NOW), ...args], text);

  it.each<[string, string, string[]]>([
    ['a good token', TOKEN, []],
    ['one of the issuer that is expected', TOKEN, ['--iss', 'https://idp.example']],
    ['one of two audiences', TOKEN, ['--aud', 'web', '--aud', 'api']],
    ['one that has expired within the clock skew', TOKEN, ['--now', String(NOW + 3660)]],
  ])('takes %s', async (_, text, args) => {
    expect(await verify(text, ...args)).toMatchObject({ code: 0, stdout: 'valid\n' });
  });

  it.each<[string, string, string[], string]>([
    ['that has expired', TOKEN, ['--now', String(NOW + 3661)], 'Jwt is expired'],
    ['of another key', mint({}, other), [], "Jwks doesn't have key to match kid or alg from Jwt"],
    ['that was changed', TOKEN.slice(0, -8) + 'AAAAAAAA', [], 'Jwt verification fails'],
    [
      'of another issuer',
      TOKEN,
      ['--iss', 'https://other.example'],
      'Jwt issuer is not configured',
    ],
    ['for others', TOKEN, ['--aud', 'web'], 'Audiences in Jwt are not allowed'],
    ['that is not good yet', mint({ nbf: NOW + 100 }), [], 'Jwt not yet valid'],
  ])('refuses a token %s, in the words that a client sees', async (_, text, args, reason) => {
    expect(await verify(text, ...args)).toMatchObject({
      code: 1,
      stdout: `not valid: ${reason}\n`,
    });
  });

  it.each(['json', 'yaml'])('as %s says the same', async (format) => {
    const { stdout } = await verify(TOKEN, '--aud', 'web', '-o', format);
    expect(parse(stdout)).toEqual({ valid: false, reason: 'Audiences in Jwt are not allowed' });
  });

  it.each<[string, string[], string, number]>([
    ['no key set', ['token', 'verify', token], '--jwks', 2],
    ['a key set that is none', ['token', 'verify', token, '--jwks', token], 'jwks parse error', 1],
    ['a key set that is not there', ['token', 'verify', token, '--jwks', 'none'], 'none: ', 2],
    ['a time that is none', ['token', 'verify', token, '--jwks', jwks, '--now', 'x'], '--now x', 2],
    [
      'standard input twice',
      ['token', 'verify', '--jwks', '-'],
      'standard input holds the token',
      2,
    ],
  ])('names %s', async (_, args, message, expected) => {
    const { code, stderr } = await portcullis(args, TOKEN);
    expect({ code, said: stderr.includes(message) ? message : stderr }).toEqual({
      code: expected,
      said: message,
    });
  });

  it('wants to be told the issuer of a token that names none', async () => {
    const text = mintToken(key, { claims: { iss: undefined } }, NOW * 1000);
    const { code, stderr } = await verify(text);
    expect(code).toBe(2);
    expect(stderr).toContain('has no issuer; give --iss');
  });
});
