// The shipped module in the Node host, with tokens made by jose.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type CryptoKey, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { HttpStream } from '../../host/contexts.ts';
import { nodePlatform } from '../../host/node-platform.ts';
import type { Pair } from '../../host/pairs.ts';
import { type Plugin, Process, type ProcessOptions } from '../../host/process.ts';
import { octKey, signedToken } from '../../istio/token/signing.ts';

export const MODULE = new WebAssembly.Module(readFileSync('build/portcullis.wasm'));
export const ISSUER = 'testing@secure.istio.io';
export const JWKS_URI = 'https://idp.example/jwks.json';
export const CLUSTER = 'outbound|443||idp.example';
/** The host's time, in seconds since the Unix epoch. */
export const NOW = 1_700_000_000;

/** A signing key and its public half. */
export interface Issuer {
  kid: string;
  key: CryptoKey;
  jwks: string;
}

/** Makes an RSA key pair with its key set. */
export async function makeIssuer(kid = 'one', alg = 'RS256'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid };
  return { kid, key: privateKey, jwks: JSON.stringify({ keys: [jwk] }) };
}

/** A token; `undefined` as a claim leaves it out. */
export async function mint(
  issuer: Issuer,
  claims: JWTPayload = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const payload = { iss: ISSUER, sub: 'alice', exp: NOW + 3600, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload)
    .setProtectedHeader({ alg: 'RS256', kid: issuer.kid, ...header })
    .sign(issuer.key);
}

/** A symmetric key with its key set, and tokens by it; `undefined` as a claim leaves it out. They are made at once, where many are needed. */
export interface SecretIssuer {
  jwks: string;
  mint: (claims?: object, header?: object) => string;
}

export function secretIssuer(kid = 'one'): SecretIssuer {
  const key = octKey(kid);
  const usual = { iss: ISSUER, sub: 'alice', exp: NOW + 3600 };
  return {
    jwks: JSON.stringify({ keys: [key.jwk] }),
    mint: (claims, header) => signedToken('HS256', key, { ...usual, ...claims }, header),
  };
}

/** A RequestAuthentication with one rule. */
export function requestAuthentication(rule: Record<string, unknown>, spec = {}): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'jwt', namespace: 'istio-system' },
    spec: { jwtRules: [{ issuer: ISSUER, ...rule }], ...spec },
  };
}

/** A DENY policy with these rules. */
export function denyPolicy(rules: object[], name = 'deny', spec = {}): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'istio-system' },
    spec: { action: 'DENY', rules, ...spec },
  };
}

/** A process, and the module in it. */
export interface World {
  process: Process;
  plugin: Plugin;
}

/** A process with the module in force, or refusing everything. */
export function start(
  resources: object[],
  settings: object = {},
  options: Partial<ProcessOptions> = {},
): World {
  const process = new Process({
    platform: nodePlatform,
    now: NOW * 1000,
    node: { namespace: 'foo', labels: { app: 'httpbin', version: 'v1' } },
    clusters: [CLUSTER],
    ...options,
  });
  const plugin = process.load(MODULE, {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: configuration(resources, settings),
  });
  return { process, plugin };
}

/** Hands over a new configuration, which the host must never hear a no to; whether it is what is enforced now. */
export function update({ process, plugin }: World, text: string): boolean {
  const before = process.logs('critical').length;
  expect(plugin.update(text)).toBe(true);
  return process.logs('critical').length === before;
}

/** The error lines so far, each once: every worker prints them. */
export function errorLines(process: Process): string[] {
  return [...new Set(process.logs('error').filter((line) => line.startsWith('config: ')))];
}

/** What is wrong with a configuration, as the log says it; empty when it is in force. */
export function problemsOf(resources: unknown[], settings: object = {}): string[] {
  const world = start([]);
  const taken = update(world, configuration(resources as object[], settings));
  const lines = errorLines(world.process).map((line) => line.replace(/^config: /, ''));
  expect(taken).toBe(lines.length === 0);
  return lines;
}

/** What is said of each of these resources in one configuration, without the words that name it. */
export function saidOf(resources: unknown[]): string[][] {
  const said: string[][] = resources.map(() => []);
  for (const line of problemsOf(resources)) {
    const [, index] = /^resources\[(\d+)\]/.exec(line)!;
    said[Number(index)]!.push(line.slice(line.indexOf(': ') + 2));
  }
  return said;
}

/** The plugin configuration as text. */
export function configuration(resources: object[], settings: object = {}): string {
  return JSON.stringify({ ...settings, resources });
}

/** What a request may be made of. */
export interface RequestOptions {
  method?: string;
  path?: string;
  authority?: string;
  token?: string | undefined;
  headers?: Pair[];
  port?: number;
  /** `address:port`, of the client. */
  sourceAddress?: string;
  worker?: number;
  peerCertificateDigest?: string;
}

/** Sends a request; the stream stays open. */
export function request(plugin: Plugin, options: RequestOptions = {}): HttpStream {
  const { method = 'GET', path = '/ip', authority = 'httpbin.foo:8000', token } = options;
  const headers: Pair[] = [
    [':authority', authority],
    [':path', path],
    [':method', method],
    [':scheme', 'http'],
    ['x-forwarded-proto', 'http'],
    ...(token === undefined ? [] : ([['authorization', `Bearer ${token}`]] as Pair[])),
    ...(options.headers ?? []),
  ];
  const { peerCertificateDigest, sourceAddress } = options;
  const connection = {
    destinationPort: options.port ?? 8000,
    ...(sourceAddress === undefined ? {} : { sourceAddress }),
    ...(peerCertificateDigest === undefined
      ? {}
      : { peerCertificate: { digest: peerCertificateDigest } }),
  };
  const stream = plugin.request(headers, { worker: options.worker ?? 0, connection });
  if (stream === undefined) throw new Error('the VM is not there');
  return stream;
}

/** The status that the client gets: 200 for a request that goes on. */
export function statusOf(stream: HttpStream): number | string {
  if (stream.state === 'continued') return 200;
  return stream.state === 'replied' ? stream.reply!.status : stream.state;
}

/** Sends a request and ends it; its status. */
export function status(plugin: Plugin, options: RequestOptions = {}): number | string {
  const stream = request(plugin, options);
  plugin.end(stream);
  return statusOf(stream);
}
