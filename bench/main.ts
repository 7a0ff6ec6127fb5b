// `make bench`: CPU per request of one Envoy, with the native filters and with the module, side by side.
import { Command, InvalidArgumentError, Option } from 'commander';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { type SigningKey, keyFor, signedToken } from '../istio/token/signing.ts';
import { cpuMicroseconds } from './cpu.ts';
import { type BenchGateway, startGateway } from './gateway.ts';
import { run } from './load.ts';
import { type Round, formatReport, reportOf } from './report.ts';
import { ALGORITHMS, type Scenario, scenarios } from './scenarios.ts';
import { shuffled } from './statistics.ts';

interface Options {
  rounds: number;
  requests: number;
  connections: number;
  output: 'table' | 'json';
}

/** More than the token cache holds: each comes again only when it has been forgotten. */
const TOKENS = 2000;
const WARM_UP = 300;

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a number from 1');
  return value;
}

const command = new Command('bench')
  .option('--rounds <n>', 'how often everything is measured', count, 20)
  .option('--requests <n>', 'requests of one measurement', count, 4000)
  .option('--connections <n>', 'connections at the same time', count, 8)
  .addOption(new Option('-o, --output <format>').choices(['table', 'json']).default('table'));

class Bench {
  private readonly gateway: BenchGateway;
  private readonly options: Options;
  private readonly keys: Map<string, SigningKey>;
  /** Tokens of an issuer by an algorithm: the first is the repeated one, the others are sent in turn. */
  private readonly tokens = new Map<string, string[]>();
  private nextToken = 0;

  constructor(gateway: BenchGateway, options: Options, keys: Map<string, SigningKey>) {
    this.gateway = gateway;
    this.options = options;
    this.keys = keys;
  }

  /** One round: every scenario once, in an order of its own, so that none always follows the same other. */
  async round(all: Scenario[], number: number): Promise<Round> {
    const round: Round = new Map();
    for (const scenario of shuffled(all, number)) {
      round.set(scenario.id, await this.measure(scenario));
    }
    return round;
  }

  private async measure(scenario: Scenario): Promise<{ cpu: number; rate: number }> {
    const { requests, connections } = this.options;
    const port = this.gateway.envoy.port(scenario.id);
    const request = this.requestsOf(scenario);
    await run({ port, connections, request, status: 200, requests: WARM_UP });
    const { pid } = this.gateway.envoy;
    const misses = await this.misses();
    const before = cpuMicroseconds(pid);
    const seconds = await run({ port, connections, request, status: 200, requests });
    const cpu = (cpuMicroseconds(pid) - before) / requests;
    this.checkMisses(scenario, (await this.misses()) - misses);
    return { cpu, rate: requests / seconds };
  }

  private requestsOf(scenario: Scenario): (i: number) => Buffer {
    const path = scenario.tokens === 'none' ? '/ip' : '/headers';
    const bytes = (line: string): Buffer =>
      Buffer.from(`GET ${path} HTTP/1.1\r\nhost: httpbin\r\nuser-agent: bench\r\n${line}\r\n`);
    const bearer = (text: string): Buffer => bytes(`authorization: Bearer ${text}\r\n`);
    if (scenario.tokens === 'none') {
      const same = bytes('');
      return () => same;
    }
    const tokens = this.tokensOf(scenario);
    if (scenario.tokens === 'different') {
      return () => bearer(tokens[1 + (this.nextToken++ % TOKENS)]!);
    }
    const same = bearer(tokens[0]!);
    return () => same;
  }

  private tokensOf({ algorithm, issuer, tokens, large }: Scenario): string[] {
    const name = `${algorithm} ${issuer} ${tokens} ${large}`;
    let list = this.tokens.get(name);
    if (list === undefined) {
      const key = this.keys.get(algorithm)!;
      const exp = Math.floor(Date.now() / 1000) + 24 * 3600;
      const count = tokens === 'different' ? TOKENS + 1 : 1;
      list = Array.from({ length: count }, (_, i) =>
        signedToken(algorithm, key, { ...claims(issuer, i, exp), ...(large ? MORE_CLAIMS : {}) }),
      );
      this.tokens.set(name, list);
    }
    return list;
  }

  private misses(): Promise<number> {
    return this.gateway.envoy.admin.stat('wasmcustom.portcullis_token_cache_total;result=miss');
  }

  /** A row must measure what it says. */
  private checkMisses({ id, tokens }: Scenario, misses: number): void {
    const isOurs = id.startsWith('ours-') && tokens !== 'none';
    const expected = tokens === 'different' ? this.options.requests : 0;
    if (isOurs && misses !== expected) {
      throw new Error(`${id}: ${misses} tokens were not in the cache, not ${expected}`);
    }
  }
}

/** What larger providers, Keycloak among them, add to that: roles, names and places. */
const MORE_CLAIMS = {
  typ: 'Bearer',
  sid: '9d2c6f3e-4b7a-4e55-9d1c-6f0a3b2c1d4e',
  acr: '1',
  auth_time: 1_700_000_000,
  'allowed-origins': ['https://frontend.example.com', 'https://admin.example.com'],
  realm_access: { roles: ['offline_access', 'uma_authorization', 'default-roles-example'] },
  resource_access: {
    account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] },
    frontend: { roles: ['viewer', 'editor', 'publisher'] },
  },
  name: 'Jane Example',
  given_name: 'Jane',
  family_name: 'Example',
  locale: 'en',
  zoneinfo: 'Europe/Vienna',
  tenant: 'example-production',
};

/** What an identity provider says of user number `n`: about 350 bytes. */
function claims(iss: string, n: number, exp: number): object {
  return {
    iss,
    sub: `4f1c9b2e-7a53-4d0e-9a61-${String(n).padStart(12, '0')}`,
    aud: ['account', 'frontend'],
    exp,
    iat: exp - 86_400,
    jti: `0b7e2a7c-52a7-4c3b-8d8e-${String(n).padStart(12, '0')}`,
    azp: 'frontend',
    scope: 'openid profile email',
    email_verified: true,
    preferred_username: `user-${n}`,
    email: `user-${n}@example.com`,
    groups: ['developers', 'readers'],
  };
}

async function main(): Promise<void> {
  const options = command.parse().opts<Options>();
  const keys = new Map(ALGORITHMS.map((name) => [name, keyFor(name, name)]));
  const document = JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) });
  const all = scenarios(document);
  const gateway = await startGateway(all);
  try {
    const bench = new Bench(gateway, options, keys);
    // The first round warms everything up, V8's optimising compiler among it.
    await bench.round(all, 0);
    const rounds: Round[] = [];
    for (let i = 0; i < options.rounds; i++) rounds.push(await bench.round(all, i));
    const about = { envoy: gateway.version, requests: options.requests };
    const report = reportOf(all, rounds, about);
    console.log(options.output === 'json' ? JSON.stringify(report, null, 2) : formatReport(report));
  } finally {
    await gateway.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
