// `make bench`: CPU per request of one Envoy, with the native filters and with the module, side by side.
import { Command, InvalidArgumentError, Option } from 'commander';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { mintToken } from '../istio/token/mint.ts';
import { cpuMicroseconds } from './cpu.ts';
import { type BenchGateway, startGateway } from './gateway.ts';
import { run } from './load.ts';
import { type Round, formatReport, reportOf } from './report.ts';
import { DIFFERENT, REPEATED, type Scenario, scenarios } from './scenarios.ts';
import { shuffled } from './statistics.ts';

interface Options {
  rounds: number;
  requests: number;
  connections: number;
  output: 'table' | 'json';
}

/** More than the token cache holds: each comes again only when it has been forgotten. One more is the repeated one. */
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
  private readonly tokens: string[];
  private nextToken = 0;

  constructor(gateway: BenchGateway, options: Options, tokens: string[]) {
    this.gateway = gateway;
    this.options = options;
    this.tokens = tokens;
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

  private requestsOf({ token }: Scenario): (i: number) => Buffer {
    const path = token === 'none' ? '/ip' : '/headers';
    const bytes = (line: string): Buffer =>
      Buffer.from(`GET ${path} HTTP/1.1\r\nhost: httpbin\r\nuser-agent: bench\r\n${line}\r\n`);
    const bearer = (text: string): Buffer => bytes(`authorization: Bearer ${text}\r\n`);
    if (token === 'different') return () => bearer(this.tokens[this.nextToken++ % TOKENS]!);
    const same = token === 'none' ? bytes('') : bearer(this.tokens[TOKENS]!);
    return () => same;
  }

  private misses(): Promise<number> {
    return this.gateway.envoy.admin.stat('wasmcustom.portcullis_token_cache_total;result=miss');
  }

  /** A row must measure what it says. */
  private checkMisses({ id }: Scenario, misses: number): void {
    const expected = id === DIFFERENT ? this.options.requests : 0;
    if ((id === DIFFERENT || id === REPEATED) && misses !== expected) {
      throw new Error(`${id}: ${misses} tokens were not in the cache, not ${expected}`);
    }
  }
}

async function main(): Promise<void> {
  const options = command.parse().opts<Options>();
  const key = readPrivateKey(generatePrivateKey());
  const all = scenarios(keySet(publicJwk(key)));
  const tokens = Array.from({ length: TOKENS + 1 }, (_, i) => mintToken(key, { sub: `user-${i}` }));
  const gateway = await startGateway(all);
  try {
    const bench = new Bench(gateway, options, tokens);
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
