import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import type { JsonObject } from '../envoy/config/types.ts';
import type { ServerTls } from '../envoy/config/tls.ts';
import { PLUGIN, networkPlugin, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { proxyBootstrap } from '../envoy/proxy.ts';
import {
  type Settings,
  authorizersOf,
  jwksUrisOf,
  pluginConfiguration,
  wantsBodies,
  withKeySets,
  xfccOf,
} from '../istio/plugin-configuration.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { refuseUnconcerned } from './concerned.ts';
import { judgedConfiguration } from './judge-configuration.ts';
import { MODULE_PATH } from './package-files.ts';
import { keySetsOf, list, meshConfigOf } from './policy-inputs.ts';
import { readPolicies } from './read-policies.ts';
import { parseAddress, parsePort, parseWorkload } from './workload.ts';
import { QUOTED } from './yaml-style.ts';

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
  allowNoPolicies?: boolean;
  admin: string;
  wasm: string;
  output: 'yaml' | 'json';
}

const EXAMPLES = `Examples:
  portcullis render envoy -f policies.yaml --workload foo/app=httpbin \\
    --listen 127.0.0.1:8080 --upstream 127.0.0.1:8000 > envoy.yaml && envoy -c envoy.yaml
  portcullis render envoy -f policies.yaml --workload istio-system/istio=ingressgateway --gateway \\
    --listen 0.0.0.0:8080 --upstream httpbin:8000 --jwks https://idp.example/keys=jwks.json
  portcullis render envoy -f policies.yaml --workload foo/app=redis --protocol tcp --port 6379 \\
    --listen 0.0.0.0:16379 --upstream 127.0.0.1:6379 --cert tls.crt --key tls.key --ca ca.crt
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
    .option('--cert <file>', 'certificate of the workload, PEM, at the path where Envoy finds it')
    .option('--key <file>', 'its private key')
    .option('--ca <file>', 'authorities of the clients, each of which must present a certificate')
    .option('--jwks <URI=FILE>', 'a key set from a file in the place of a jwksUri', list)
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .option('--allow-no-policies', 'even if none of them concerns the workload')
    .option('--admin <IP:PORT>', "Envoy's admin interface", '127.0.0.1:15000')
    .addOption(
      new Option('--wasm <file>', 'the module, at the path where Envoy finds it').default(
        MODULE_PATH,
        'the one that is shipped',
      ),
    )
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .addHelpText('before', EXAMPLES)
    .action(render);
}

async function render(options: Options): Promise<void> {
  const tls = tlsOf(options);
  const node = parseWorkload(options.workload);
  const gateway = options.gateway ?? false;
  const mesh = await meshConfigOf(options.meshConfig);
  const written = await readPolicies(options.filename);
  const documents = await keySetsOf(options.jwks ?? [], jwksUrisOf(written));
  const resources = withKeySets(written, documents);
  const settings: Settings = {
    ...mesh.settings,
    connectionFacts: CONNECTION_FACTS,
    xfcc: xfccOf(gateway),
    guard: true,
    workload: {
      ...(options.port === undefined ? {} : { containerPort: parsePort(options.port) }),
      protocol: options.protocol === 'tcp' ? 'TCP' : 'HTTP',
    },
  };
  const configuration = await judgedConfiguration(
    pluginConfiguration(resources, settings),
    node,
    resources,
  );
  if (options.allowNoPolicies !== true) refuseUnconcerned(resources, node, mesh, gateway);
  const plugin = { name: PLUGIN, vmId: PLUGIN, module: options.wasm, configuration };
  print(
    proxyBootstrap({
      node,
      listen: parseAddress('--listen', options.listen),
      upstream: parseAddress('--upstream', options.upstream),
      admin: parseAddress('--admin', options.admin),
      gateway,
      guarded: true,
      filters: [staticWasmFilter({ ...plugin, holdsHeadersAlone: wantsBodies(settings) })],
      networkFilters: [staticWasmFilter(networkPlugin(plugin))],
      protocol: options.protocol,
      tls: tls && { ...tls, ...(gateway ? {} : { trustDomains: trustDomainsOf(settings) }) },
      // The module is told the same by `xfcc`: together, or a client could send the header itself.
      xfcc: 'MODULE',
      accessLogPath: '/dev/stdout',
      pathNormalization: mesh.pathNormalization,
      authorizers: authorizersOf(settings),
      jwksUris: new Map(jwksUrisOf(resources).map((uri) => [uri, {}])),
    }),
    options.output,
  );
}

/** TLS of the listener, if it has any. Throws Failure where it would take a certificate that nobody verifies, or none at all. */
function tlsOf({ cert, key, ca, gateway }: Options): ServerTls | undefined {
  const usage = (message: string): Failure => new Failure(ExitCode.Usage, message);
  if (cert === undefined && key === undefined) {
    if (ca !== undefined) throw usage('--ca: needs --cert and --key');
    return undefined;
  }
  if (cert === undefined) throw usage('--key: needs --cert');
  if (key === undefined) throw usage('--cert: needs --key');
  if (ca === undefined && gateway !== true) {
    throw usage(
      '--ca is missing: mutual TLS verifies the certificates of clients, and one that nobody has verified must not count',
    );
  }
  const file = (filename: string): { filename: string } => ({ filename });
  return {
    certificate: file(cert),
    key: file(key),
    ...(ca === undefined ? {} : { ca: file(ca) }),
  };
}

/** Whose certificates a sidecar takes, as istiod configures it. */
function trustDomainsOf(settings: Settings): string[] {
  return [settings.trustDomain ?? 'cluster.local', ...(settings.trustDomainAliases ?? [])];
}

function print(bootstrap: JsonObject, format: 'yaml' | 'json'): void {
  const text =
    format === 'json' ? `${JSON.stringify(bootstrap, null, 2)}\n` : stringify(bootstrap, QUOTED);
  process.stdout.write(text);
}
