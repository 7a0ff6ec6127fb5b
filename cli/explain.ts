import { Command, Option } from 'commander';
import { unaskable } from '../envoy/envoy-judge.ts';
import type { Decision, JudgedRequest } from '../host/judge.ts';
import { MAX_BYTES_IN_ALL } from '../istio/bounded-yaml.ts';
import { jwksUrisOf, withKeySets } from '../istio/plugin-configuration.ts';
import { decisionText } from './decision-text.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { keySetsOf, list, meshConfigOf, nowOf } from './policy-inputs.ts';
import { PolicyJudge } from './policy-judge.ts';
import { readInput } from './read-input.ts';
import { readPolicies } from './read-policies.ts';
import { checkRequest, requestLines } from './request-line.ts';
import { readTokenOption } from './token-input.ts';
import { parsePort } from './workload.ts';

interface Options {
  filename: string[];
  workload: string;
  port?: string;
  method?: string;
  path?: string;
  host?: string;
  header?: string[];
  token?: string;
  peer?: string[];
  sourceIp?: string;
  remoteIp?: string;
  now?: string;
  jwks?: string[];
  meshConfig?: string;
  extAuthz?: 'allow' | 'deny' | 'error';
  requests?: string;
  expect?: string;
  envoy?: boolean;
  gateway?: boolean;
  protocol?: 'http' | 'tcp';
  output?: 'text' | 'json' | 'jsonl';
}

const EXAMPLES = `Examples:
  portcullis explain -f policies.yaml --workload foo/app=httpbin --path /headers
  portcullis explain -f policies.yaml --workload foo --method POST --path /admin \\
    --token @token.txt --jwks https://idp.example/keys=jwks.json --expect deny
  portcullis explain -f policies.yaml --workload foo --requests requests.jsonl -o jsonl
`;

/** `portcullis explain`: what the module says of a request, and why. */
export function explainCommand(): Command {
  return new Command('explain')
    .summary('says why a request is let through or refused')
    .description(
      'Runs the module itself on a request, without Envoy: the decision, the rule that made it and its conditions, and for every other ' +
        'rule that applies why it does not match.',
    )
    .requiredOption('-f, --filename <file…>', 'policies, YAML or JSON; - is standard input', list)
    .requiredOption('--workload <NS[/k=v,…]>', 'namespace and labels of the workload')
    .option('--gateway', 'an edge proxy: PeerAuthentication says nothing of it')
    .option('--port <port>', 'the port of the workload that the request comes to')
    .option('--method <method>', 'method; GET unless told')
    .option('--path <path>', 'path with its query, as the client sends it')
    .option('--host <host>', 'authority, with its port if it has one')
    .option('-H, --header <k: v>', 'a header; may be repeated', list)
    .option('--token <@file>', 'bearer token; @- is standard input')
    .option('--peer <SPIFFE-URI>', 'URI SAN of the client certificate; may be repeated', list)
    .addOption(
      new Option('--protocol <protocol>', 'what the connection carries; HTTP unless told').choices([
        'http',
        'tcp',
      ]),
    )
    .option('--source-ip <ip>', 'the direct peer')
    .option('--remote-ip <ip>', 'the client, as Envoy makes it out behind proxies')
    .option('--now <unix>', 'seconds since the Unix epoch; the present unless told')
    .option('--jwks <URI=FILE>', 'a key set from a file in the place of a jwksUri', list)
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .addOption(
      new Option('--ext-authz <answer>', 'what the external authorizer says').choices([
        'allow',
        'deny',
        'error',
      ]),
    )
    .option('--requests <file>', 'requests, one JSON object a line; - is standard input')
    .option('--envoy', 'puts the requests to a real Envoy as well: the answers must be the same')
    .option('--expect <allow|deny|STATUS>', 'exit with 1 when it comes otherwise')
    .addOption(
      new Option('-o, --output <format>', 'how it is written').choices(['text', 'json', 'jsonl']),
    )
    .addHelpText('before', EXAMPLES)
    .action(explain);
}

async function explain(options: Options): Promise<void> {
  const expected = expectation(options.expect);
  const mesh = await meshConfigOf(options.meshConfig);
  const written = await readPolicies(options.filename);
  const resources = withKeySets(written, await keySetsOf(options.jwks ?? [], jwksUrisOf(written)));
  const requests = await requestsOf(options);
  const judge = await PolicyJudge.start({
    resources,
    workload: options.workload,
    port: options.port === undefined ? undefined : parsePort(options.port),
    gateway: options.gateway,
    mesh,
    now: nowOf(options.now),
  });
  for (const warning of judge.warnings) process.stderr.write(`${warning}\n`);
  const decisions = requests.map((request) => judge.decide(request));
  const format = options.output ?? (options.requests === undefined ? 'text' : 'jsonl');
  process.stdout.write(
    decisions
      .map((decision, i) => {
        if (format === 'json') return `${JSON.stringify(decision, null, 2)}\n`;
        if (format === 'jsonl') return `${JSON.stringify(decision)}\n`;
        const lines = decisionText(judge.seen(requests[i]!) ?? requests[i]!, decision, written);
        return `${decisions.length > 1 ? `${i > 0 ? '\n' : ''}request ${decision.id ?? i + 1}\n` : ''}${lines.join('\n')}\n`;
      })
      .join(''),
  );
  const surprises = decisions.flatMap((decision, i) =>
    expected === undefined || expected(decision)
      ? []
      : [
          `request ${decision.id ?? i + 1}: expected ${options.expect}, and got ${decision.allowed ? 'allow' : decision.status}`,
        ],
  );
  if (options.envoy === true) surprises.push(...(await differences(judge, requests, decisions)));
  if (surprises.length > 0) throw new Failure(ExitCode.Findings, ...surprises);
}

/** Where a real Envoy answers otherwise; what cannot be put to one is named. */
async function differences(
  judge: PolicyJudge,
  requests: JudgedRequest[],
  decisions: Decision[],
): Promise<string[]> {
  const envoy = await judge.inEnvoy();
  const lines: string[] = [];
  try {
    for (const [i, request] of requests.entries()) {
      const decision = decisions[i]!;
      const name = `request ${decision.id ?? i + 1}`;
      const reason = unaskable(request);
      if (reason !== undefined) {
        process.stderr.write(`${name}: not put to Envoy: ${reason}\n`);
        continue;
      }
      const seen = await envoy.decide(request);
      if (seen.status === decision.status && seen.allowed === decision.allowed) continue;
      lines.push(`${name}: in Envoy ${seen.status} ${seen.details}, not ${decision.status}`);
    }
  } finally {
    await envoy.stop();
  }
  return lines;
}

function expectation(text: string | undefined): ((decision: Decision) => boolean) | undefined {
  if (text === undefined) return undefined;
  if (text === 'allow') return ({ allowed }) => allowed;
  if (text === 'deny') return ({ allowed }) => !allowed;
  if (/^[1-5]\d\d$/.test(text)) return ({ status }) => status === Number(text);
  throw new Failure(ExitCode.Usage, `--expect ${text}: expected allow, deny or a status`);
}

async function requestsOf(options: Options): Promise<JudgedRequest[]> {
  if (options.requests !== undefined) {
    if (options.path !== undefined) {
      throw new Failure(ExitCode.Usage, '--requests and --path exclude each other');
    }
    return requestLines(await readInput(options.requests, MAX_BYTES_IN_ALL), options.requests);
  }
  const isTcp = options.protocol === 'tcp';
  if (options.path === undefined && !isTcp) {
    throw new Failure(ExitCode.Usage, 'give --path, or --requests with a file of requests');
  }
  const headers = (options.header ?? []).map(headerOf);
  if (options.token !== undefined) {
    headers.push(['authorization', `Bearer ${await readTokenOption(options.token)}`]);
  }
  const request = {
    path: options.path ?? '/',
    protocol: options.protocol,
    method: options.method,
    authority: options.host,
    headers,
    sourceIp: options.sourceIp,
    remoteIp: options.remoteIp,
    extAuthz: options.extAuthz,
    mtls: options.peer && { peerUris: options.peer },
  };
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  return [checkRequest(Object.fromEntries(given), 'request')];
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new Failure(ExitCode.Usage, `--header ${text}: expected "name: value"`);
  }
  return [name, value];
}
