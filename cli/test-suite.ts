// Unit tests of policies: a suite is a YAML file that names policies and a workload, and lists requests with what is expected.
import { messageOf } from '../envoy/errors.ts';
import { InputBoundError, parseOne } from '../istio/bounded-yaml.ts';
import { type EnvoyJudge, unaskable } from '../envoy/envoy-judge.ts';
import type { Decision, JudgedRequest } from '../host/judge.ts';
import type { Resource } from '../istio/load.ts';
import { jwksUrisOf, withKeySets } from '../istio/plugin-configuration.ts';
import { type SigningKey, rsaKey, signedToken } from '../istio/token/signing.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { keySetsOf, meshConfigOf } from './policy-inputs.ts';
import { PolicyJudge } from './policy-judge.ts';
import { readInput } from './read-input.ts';
import { readPolicies } from './read-policies.ts';
import { checkRequest } from './request-line.ts';
import { SuiteFolder } from './suite-folder.ts';

/** What a case expects; what is absent is not looked at. */
export interface Expectation {
  allowed?: boolean;
  status?: number;
  body?: string;
  details?: string;
  policy?: string | null;
  rule?: number;
  requestPrincipal?: string | null;
  upstreamHeaders?: Record<string, string | null>;
}

export interface Case {
  name: string;
  request: JudgedRequest;
  expect: Expectation;
  /** Its token, which is nobody's business but the module's. */
  token?: string;
}

/** A suite as it is run. */
export interface Suite {
  file: string;
  cases: Case[];
  judge: PolicyJudge;
  /** The key set of tokens that are made of claims. */
  jwks: string;
  /** `ACTION RULE` of every rule that a case could match. */
  rules: string[];
}

/** How a case ended. */
export interface Result {
  file: string;
  name: string;
  /** What came otherwise; empty when nothing did. */
  failures: string[];
  decision: Decision;
  seconds: number;
}

const SUITE_FIELDS = [
  ...['policies', 'workload', 'port', 'gateway', 'meshConfig', 'jwks', 'now'],
  'cases',
];
const CASE_FIELDS = ['name', 'request', 'token', 'claims', 'expect'];
const EXPECT_FIELDS = [
  ...['allowed', 'status', 'body', 'details', 'policy', 'rule', 'requestPrincipal'],
  'upstreamHeaders',
];

/** Reads a suite and configures the module with its policies. Throws Failure that names the file and the field. */
export async function readSuite(file: string): Promise<Suite> {
  const suite = object(documentOf(await readInput(file), file), file, SUITE_FIELDS);
  const folder = await SuiteFolder.of(file);
  const here = (path: string, field: string): Promise<string> =>
    folder.fileAt(path, `${file}: ${field}`);
  const policies = await Promise.all(
    texts(suite.policies, `${file}: policies`).map((path) => here(path, 'policies')),
  );
  const workload = text(suite.workload, `${file}: workload`);
  const mesh =
    suite.meshConfig === undefined ? undefined : text(suite.meshConfig, `${file}: meshConfig`);
  const now = suite.now === undefined ? Math.floor(Date.now() / 1000) : Number(suite.now);
  const given = await Promise.all(
    Object.entries(object(suite.jwks ?? {}, `${file}: jwks`)).map(
      async ([uri, path]) => `${uri}=${await here(text(path, `${file}: jwks`), 'jwks')}`,
    ),
  );
  if (!Array.isArray(suite.cases))
    throw new Failure(ExitCode.Usage, `${file}: cases must be a list`);
  const written = await readPolicies(policies);
  const key = rsaKey('portcullis-test');
  const documents = await keySetsOf(given, jwksUrisOf(written));
  const resources = trustTestKey(withKeySets(written, documents), key);
  const judge = await PolicyJudge.start({
    resources,
    workload,
    port: suite.port === undefined ? undefined : Number(suite.port),
    gateway: flag(suite.gateway ?? false, `${file}: gateway`),
    mesh: await meshConfigOf(mesh === undefined ? undefined : await here(mesh, 'meshConfig')),
    now,
  });
  const cases = [];
  for (const [i, one] of (suite.cases as unknown[]).entries()) {
    cases.push(await readCase(one, `${file}: cases[${i}]`, key, folder));
  }
  return { file, cases, judge, jwks: JSON.stringify({ keys: [key.jwk] }), rules: judge.rules };
}

function documentOf(text: string, file: string): unknown {
  try {
    return parseOne(text, file);
  } catch (error) {
    if (error instanceof InputBoundError) throw error;
    throw new Failure(ExitCode.Usage, `${file}: ${messageOf(error)}`);
  }
}

async function readCase(
  value: unknown,
  where: string,
  key: SigningKey,
  folder: SuiteFolder,
): Promise<Case> {
  const one = object(value, where, CASE_FIELDS);
  const request: Record<string, unknown> = {
    path: '/',
    ...object(one.request ?? {}, `${where}.request`),
  };
  const headers = headersOf(request.headers);
  if (one.token !== undefined && one.claims !== undefined) {
    throw new Failure(ExitCode.Usage, `${where}: token and claims exclude each other`);
  }
  const token = await tokenOf(one, where, key, folder);
  if (token !== undefined) headers.push(['authorization', `Bearer ${token}`]);
  return {
    name: text(one.name, `${where}.name`),
    request: checkRequest({ ...request, headers }, `${where}.request`),
    expect: object(one.expect, `${where}.expect`, EXPECT_FIELDS),
    ...(token === undefined ? {} : { token }),
  };
}

async function tokenOf(
  { token, claims }: Record<string, unknown>,
  where: string,
  key: SigningKey,
  folder: SuiteFolder,
): Promise<string | undefined> {
  if (token !== undefined) {
    const given = text(token, `${where}.token`);
    if (!given.startsWith('@')) return given;
    return (await readInput(await folder.fileAt(given.slice(1), `${where}.token`))).trim();
  }
  if (claims === undefined) return undefined;
  return signedToken('RS256', key, object(claims, `${where}.claims`), { kid: 'portcullis-test' });
}

/** Runs one case. */
export function runCase(suite: Suite, one: Case): Result {
  const start = performance.now();
  const seen = suite.judge.decide(one.request);
  const failures = failuresOf(one, seen);
  const decision = withoutToken(seen, one.token);
  return { file: suite.file, name: one.name, failures, decision, seconds: since(start) };
}

/** Runs one case, and demands the same of a real Envoy; undefined, and why, where it cannot be put to one. */
export async function runCaseInEnvoy(
  suite: Suite,
  one: Case,
  envoy: EnvoyJudge,
): Promise<Result | string> {
  const reason = unaskable(one.request);
  if (reason !== undefined) return reason;
  const start = performance.now();
  const result = runCase(suite, one);
  const seen = await envoy.decide(one.request);
  // A path that Envoy refuses it words itself.
  const words = seen.status === 400 ? {} : { body: seen.body, details: seen.details };
  const failures = failuresOf(one, {
    ...result.decision,
    allowed: seen.allowed,
    status: seen.status,
    ...words,
    upstreamHeaders: seen.upstreamHeaders,
  }).map((failure) => `in Envoy: ${failure}`);
  return { ...result, failures: [...result.failures, ...failures], seconds: since(start) };
}

function since(start: number): number {
  return (performance.now() - start) / 1000;
}

function failuresOf({ expect, token }: Case, decision: Decision): string[] {
  const failures: string[] = [];
  const compare = (what: string, wanted: unknown, got: unknown): void => {
    if (wanted !== undefined && wanted !== got) {
      failures.push(`${what}: expected ${JSON.stringify(wanted)}, and got ${JSON.stringify(got)}`);
    }
  };
  compare('allowed', expect.allowed, decision.allowed);
  compare('status', expect.status, decision.status);
  compare('body', expect.body, decision.body);
  compare('details', expect.details, decision.details);
  compare('policy', expect.policy, decision.policy);
  const index = /-rule\[(\d+)\]$/.exec(decision.rule ?? '')?.[1];
  compare('rule', expect.rule, index === undefined ? undefined : Number(index));
  compare('requestPrincipal', expect.requestPrincipal, decision.requestPrincipal);
  for (const [header, wanted] of Object.entries(expect.upstreamHeaders ?? {})) {
    const got = decision.upstreamHeaders.filter(([key]) => key === header.toLowerCase());
    compare(
      `upstreamHeaders.${header}`,
      wanted,
      got.length === 0 ? null : got.map(([, value]) => value).join(', '),
    );
  }
  return withoutToken(failures, token);
}

/** The same with the token's place in the place of the token: what is printed ends up in logs. */
function withoutToken<T>(value: T, token: string | undefined): T {
  if (token === undefined || token === '') return value;
  return mapTexts(value, (one) => one.replaceAll(token, '[token]')) as T;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)]),
  );
}

/** Every key set takes the test's own key in as well, so that a case can be written with claims alone. */
function trustTestKey(resources: Resource[], key: SigningKey): Resource[] {
  return resources.map((resource) => {
    const spec = resource.value.spec as { jwtRules?: Record<string, unknown>[] } | undefined;
    if (resource.kind !== 'RequestAuthentication' || !Array.isArray(spec?.jwtRules))
      return resource;
    const jwtRules = spec.jwtRules.map((rule) => {
      const { jwks, ...rest } = rule;
      delete rest.jwksUri;
      delete rest.jwks_uri;
      return { ...rest, jwks: JSON.stringify({ keys: [...keysOf(jwks), key.jwk] }) };
    });
    return { ...resource, value: { ...resource.value, spec: { ...spec, jwtRules } } };
  });
}

/** The keys of a key set that is one; of another none, and the module would have refused it. */
function keysOf(jwks: unknown): unknown[] {
  try {
    const { keys } = JSON.parse(String(jwks)) as { keys?: unknown };
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}

/** Headers as a map, or as a list of pairs where one comes twice. */
function headersOf(value: unknown): [string, string][] {
  if (Array.isArray(value)) return [...(value as [string, string][])];
  return Object.entries((value ?? {}) as Record<string, unknown>).map(([name, item]) => [
    name,
    String(item),
  ]);
}

function object(value: unknown, where: string, fields?: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure(ExitCode.Usage, `${where} must be an object`);
  }
  const unknown = Object.keys(value).find((name) => fields?.includes(name) === false);
  if (unknown !== undefined) {
    throw new Failure(
      ExitCode.Usage,
      `${where}: unknown field ${unknown}; known are ${fields!.join(', ')}`,
    );
  }
  return value as Record<string, unknown>;
}

function flag(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new Failure(ExitCode.Usage, `${where} must be true or false`);
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Failure(ExitCode.Usage, `${where} must be a string`);
}

function texts(value: unknown, where: string): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Failure(ExitCode.Usage, `${where} must be a list of files`);
}
