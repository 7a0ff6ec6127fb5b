import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import type { JsonObject, Node } from '../envoy/config/types.ts';
import { PLUGIN, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { proxyBootstrap } from '../envoy/gateway.ts';
import type { Resource } from '../istio/load.ts';
import { locateErrors } from '../istio/module-errors.ts';
import {
  type Settings,
  authorizersOf,
  jwksUrisOf,
  pluginConfiguration,
  wantsBodies,
  withKeySets,
} from '../istio/plugin-configuration.ts';
import { formatProblem } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { judgeConfiguration } from './judge-configuration.ts';
import { MODULE_PATH } from './package-files.ts';
import { keySetsOf, list, meshConfigOf } from './policy-inputs.ts';
import { readPolicies } from './read-policies.ts';
import { parseAddress, parsePort, parseWorkload } from './workload.ts';

interface Options {
  filename: string[];
  workload: string;
  listen: string;
  upstream: string;
  port?: string;
  protocol: 'http' | 'tcp';
  gateway?: boolean;
  cert?: string;
  key?: string;
  ca?: string;
  jwks?: string[];
  meshConfig?: string;
  admin: string;
  wasm: string;
  output: 'yaml' | 'json';
}

const EXAMPLES = `Examples:
  portcullis render envoy -f policies.yaml --workload foo/app=httpbin \\
    --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 > envoy.yaml && envoy -c envoy.yaml
  portcullis render envoy -f policies.yaml --workload istio-system/istio=ingressgateway --gateway \\
    --listen 0.0.0.0:8080 --upstream httpbin:8000 --jwks https://idp.example/keys=jwks.json
`;

/** `portcullis render envoy`: a bootstrap that Envoy starts with as it stands. */
export function renderEnvoyCommand(): Command {
  return new Command('envoy')
    .summary('an Envoy bootstrap that enforces the policies on one workload')
    .description(
      'Prints the configuration of an Envoy that stands in front of one workload and enforces what the policies say of it. ' +
        'The policies are judged by the module first: what it refuses is not rendered.',
    )
    .requiredOption('-f, --filename <file…>', 'policies, YAML or JSON; - is standard input', list)
    .requiredOption('--workload <NS[/k=v,…]>', 'namespace and labels of the workload')
    .requiredOption('--listen <IP:PORT>', 'where Envoy listens')
    .requiredOption('--upstream <IP:PORT>', 'where the workload listens')
    .option('--port <port>', "the workload's container port, if policies must not see Envoy's own")
    .addOption(
      new Option('--protocol <protocol>', 'what the workload speaks')
        .choices(['http', 'tcp'])
        .default('http'),
    )
    .option('--gateway', 'an edge proxy: it sees its clients directly')
    .option('--cert <file>', 'certificate of the workload (not supported yet)')
    .option('--key <file>', 'its private key (not supported yet)')
    .option('--ca <file>', 'authorities of the mesh (not supported yet)')
    .option('--jwks <URI=FILE>', 'a key set from a file in the place of a jwksUri', list)
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .option('--admin <IP:PORT>', "Envoy's admin interface", '127.0.0.1:15000')
    .option('--wasm <file>', 'the module, at the path where Envoy finds it', MODULE_PATH)
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .addHelpText('before', EXAMPLES)
    .action(render);
}

async function render(options: Options): Promise<void> {
  refuseUnsupported(options);
  const node = parseWorkload(options.workload);
  const mesh = await meshConfigOf(options.meshConfig);
  const written = await readPolicies(options.filename);
  const documents = await keySetsOf(options.jwks ?? [], jwksUrisOf(written));
  const resources = withKeySets(written, documents);
  const settings: Settings = {
    ...mesh.settings,
    connectionFacts: CONNECTION_FACTS,
    ...(options.port === undefined ? {} : { workload: { containerPort: parsePort(options.port) } }),
  };
  const configuration = pluginConfiguration(resources, settings);
  await judge(configuration, node, resources);
  print(
    proxyBootstrap({
      node,
      listen: parseAddress('--listen', options.listen),
      upstream: parseAddress('--upstream', options.upstream),
      admin: parseAddress('--admin', options.admin),
      gateway: options.gateway ?? false,
      filters: [
        staticWasmFilter({
          name: PLUGIN,
          vmId: PLUGIN,
          module: options.wasm,
          configuration,
          holdsHeadersAlone: wantsBodies(settings),
        }),
      ],
      accessLogPath: '/dev/stdout',
      pathNormalization: mesh.pathNormalization,
      authorizers: authorizersOf(settings),
      jwksUris: new Map(jwksUrisOf(resources).map((uri) => [uri, {}])),
    }),
    options.output,
  );
}

function refuseUnsupported({ protocol, cert, key, ca }: Options): void {
  const usage = (what: string): Failure =>
    new Failure(ExitCode.Usage, `${what} is not supported yet: only plain HTTP can be rendered`);
  if (protocol === 'tcp') throw usage('--protocol tcp');
  if (cert !== undefined) throw usage('--cert');
  if (key !== undefined) throw usage('--key');
  if (ca !== undefined) throw usage('--ca');
}

async function judge(configuration: string, node: Node, resources: Resource[]): Promise<void> {
  const { errors, warnings } = await judgeConfiguration(configuration, node);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (errors.length > 0) {
    throw new Failure(ExitCode.Findings, ...locateErrors(errors, resources).map(formatProblem));
  }
}

function print(bootstrap: JsonObject, format: 'yaml' | 'json'): void {
  // Every string quoted: nobody has to know which words YAML takes for something else.
  const yaml = {
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    lineWidth: 0,
  } as const;
  const text =
    format === 'json' ? `${JSON.stringify(bootstrap, null, 2)}\n` : stringify(bootstrap, yaml);
  process.stdout.write(text);
}
