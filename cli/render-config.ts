import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import {
  type Settings,
  jwksUrisOf,
  pluginConfiguration,
  withKeySets,
  xfccOf,
} from '../istio/plugin-configuration.ts';
import { refuseUnconcerned } from './concerned.ts';
import { judgedConfiguration } from './judge-configuration.ts';
import { keySetsOf, list, meshConfigOf } from './policy-inputs.ts';
import { readPolicies } from './read-policies.ts';
import { parsePort, parseWorkload } from './workload.ts';
import { QUOTED } from './yaml-style.ts';

interface Options {
  filename: string[];
  workload?: string;
  port?: string;
  protocol: 'http' | 'tcp';
  gateway?: boolean;
  xfcc?: boolean;
  jwks?: string[];
  meshConfig?: string;
  allowNoPolicies?: boolean;
  output: 'yaml' | 'json';
}

const EXAMPLES = `Examples:
  portcullis render config -f policies.yaml > plugin.json
  portcullis render config -f policies.yaml --workload foo/app=httpbin --port 8000 -o yaml
`;

/** Judged as for nobody in particular, where no workload is given: Envoy's node says who it is for. */
const ANY_NODE = { namespace: '-', labels: {} };

/** `portcullis render config`: docs/configuration.md. */
export function renderConfigCommand(): Command {
  return new Command('config')
    .summary('the bare plugin configuration')
    .description(
      'Prints the configuration of the module: what `configuration` of an Envoy Wasm filter, or `pluginConfig` of a WasmPlugin holds. ' +
        'The policies are judged by the module first: what it refuses is not rendered.',
    )
    .requiredOption('-f, --filename <file…>', 'policies, YAML or JSON; - is standard input', list)
    .option('--workload <NS[/k=v,…]>', "the workload; Envoy's node metadata says it unless told")
    .option('--port <port>', "the workload's container port, if policies must not see Envoy's own")
    .addOption(
      new Option('--protocol <protocol>', 'what the workload speaks')
        .choices(['http', 'tcp'])
        .default('http'),
    )
    .option('--gateway', 'an edge proxy: PeerAuthentication says nothing of it')
    .option('--no-xfcc', 'leaves X-Forwarded-Client-Cert to the connection manager')
    .option('--jwks <URI=FILE>', 'a key set from a file in the place of a jwksUri', list)
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .option('--allow-no-policies', 'even if none of them concerns the workload')
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['yaml', 'json'])
        .default('json'),
    )
    .addHelpText('before', EXAMPLES)
    .action(render);
}

async function render(options: Options): Promise<void> {
  const node = options.workload === undefined ? undefined : parseWorkload(options.workload);
  const gateway = options.gateway ?? false;
  const mesh = await meshConfigOf(options.meshConfig);
  const written = await readPolicies(options.filename);
  const resources = withKeySets(written, await keySetsOf(options.jwks ?? [], jwksUrisOf(written)));
  const settings: Settings = {
    ...mesh.settings,
    workload: {
      ...(node === undefined ? {} : { namespace: node.namespace, labels: node.labels }),
      ...(options.port === undefined ? {} : { containerPort: parsePort(options.port) }),
      protocol: options.protocol === 'tcp' ? 'TCP' : 'HTTP',
      ...(gateway ? { gateway } : {}),
    },
    connectionFacts: CONNECTION_FACTS,
    ...(options.xfcc === false ? {} : { xfcc: xfccOf(gateway) }),
  };
  const configuration = await judgedConfiguration(
    pluginConfiguration(resources, settings),
    node ?? ANY_NODE,
    resources,
  );
  if (node !== undefined && options.allowNoPolicies !== true) {
    refuseUnconcerned(resources, node, mesh, gateway);
  }
  const value: unknown = JSON.parse(configuration);
  process.stdout.write(
    options.output === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, QUOTED),
  );
}
