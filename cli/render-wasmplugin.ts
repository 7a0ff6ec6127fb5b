import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import {
  type Settings,
  jwksUrisOf,
  wantsBodies,
  withKeySets,
} from '../istio/plugin-configuration.ts';
import { guardFilter } from '../istio/wasm-plugin/guard.ts';
import { UnusableUri, keySetNeeds } from '../istio/wasm-plugin/key-sets.ts';
import type { KubernetesObject } from '../istio/wasm-plugin/object.ts';
import {
  DEFAULT_ROOT_NAMESPACE,
  type Scope,
  namespaceOf,
  relevant,
} from '../istio/wasm-plugin/scope.ts';
import {
  MAX_OBJECT_BYTES,
  type WasmPluginOptions,
  configurationsOf,
  wasmPlugins,
} from '../istio/wasm-plugin/wasm-plugin.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { meantWorkload } from './concerned.ts';
import { judgedConfiguration } from './judge-configuration.ts';
import { moduleImage } from './module-image.ts';
import { MODULE_PATH } from './package-files.ts';
import { keySetsOf, list, meshConfigOf } from './policy-inputs.ts';
import { readPolicies } from './read-policies.ts';
import { parsePort, parseWorkload } from './workload.ts';
import { QUOTED } from './yaml-style.ts';

interface Options {
  filename: string[];
  url: string;
  sha256?: string;
  wasm: string;
  mesh?: boolean;
  namespace?: string;
  workload?: string;
  gateway?: boolean;
  name: string;
  phase: WasmPluginOptions['phase'];
  priority?: string;
  failStrategy: WasmPluginOptions['failStrategy'];
  pullSecret?: string;
  shadow?: boolean;
  besideIstiod?: boolean;
  guard?: boolean;
  tcpPort?: string[];
  meshConfig?: string;
  jwks?: string[];
  jwksCa?: string;
  service?: string[];
  output: 'yaml' | 'json';
}

const EXAMPLES = `Examples:
  portcullis render wasmplugin -f policies.yaml -n foo --url oci://registry.example/portcullis:0.1.0 | kubectl apply --server-side -f -
  portcullis render wasmplugin -f policies.yaml --workload foo/app=httpbin --shadow --url oci://registry.example/portcullis:0.1.0
  portcullis render wasmplugin -f policies.yaml --mesh --mesh-config mesh.yaml --url https://files.example/portcullis.wasm
  portcullis render wasmplugin -f policies.yaml --workload istio-system/istio=ingressgateway --gateway --url file:///var/lib/portcullis.wasm
`;

/** More than this, and `kubectl apply` without --server-side cannot keep its copy in an annotation. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Judged as for nobody in particular: the proxy's node says who it is for. */
const ANY_NODE = { namespace: '-', labels: {} };

/** `portcullis render wasmplugin`: docs/istio.md. */
export function renderWasmPluginCommand(): Command {
  return new Command('wasmplugin')
    .summary('Istio WasmPlugins that enforce the policies')
    .description(
      'Prints the WasmPlugin that has Istio load the module with the policies, for the mesh, a namespace or a workload; before it what it ' +
        'needs: a ServiceEntry and a DestinationRule for each jwksUri outside of the mesh, and network filters where policies ask for what ' +
        'only they see. The policies are judged by the module first: what it refuses is not rendered.',
    )
    .requiredOption('-f, --filename <file…>', 'policies, YAML or JSON; - is standard input', list)
    .requiredOption(
      '--url <url>',
      'where Istio finds the module: oci://, https://, http:// or file://',
    )
    .option(
      '--sha256 <hex>',
      'its digest: of the image for oci://, of the module otherwise; unless given, that of --wasm, as `portcullis package` makes it',
    )
    .addOption(
      new Option('--wasm <file>', 'the module').default(MODULE_PATH, 'the one that is shipped'),
    )
    .option('--mesh', 'for all sidecars of the mesh')
    .option('-n, --namespace <namespace>', 'for those of a namespace')
    .option('--workload <NS/k=v,…>', 'for those of a workload')
    .option('--gateway', 'for gateways: --workload says which')
    .option('--name <name>', 'name of the WasmPlugin', 'portcullis')
    .addOption(
      new Option(
        '--phase <phase>',
        "its place among Istio's own filters; AUTHN: before all but ext_authz",
      )
        .choices(['AUTHN', 'AUTHZ', 'STATS', 'UNSPECIFIED_PHASE'])
        .default('AUTHN'),
    )
    .option('--priority <number>', 'its place in the phase: higher is earlier')
    .addOption(
      new Option('--fail-strategy <strategy>', 'what Envoy does when the module fails')
        .choices(['FAIL_CLOSE', 'FAIL_OPEN'])
        .default('FAIL_CLOSE'),
    )
    .option('--pull-secret <name>', 'imagePullSecret')
    .option('--shadow', 'nothing is enforced: counted, logged and compared with what Istio does')
    .option(
      '--beside-istiod',
      "istiod's filters enforce the same policies behind the module: tokens stay in requests for them",
    )
    .option(
      '--guard',
      'an EnvoyFilter behind the module refuses what it has not looked at: to be applied when the module is in force',
    )
    .option('--tcp-port <port>', 'a container port without HTTP, to be judged by the module', list)
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .option('--jwks <URI=FILE>', 'a key set from a file in the place of a jwksUri', list)
    .option('--jwks-ca <file>', 'authorities of key servers, at the path where proxies find them')
    .option(
      '--service <host>',
      'a host of a jwksUri that is a Service, though not written so',
      list,
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
  const scope = scopeOf(options);
  const mesh = await meshConfigOf(options.meshConfig);
  const rootNamespace = mesh.settings.rootNamespace ?? DEFAULT_ROOT_NAMESPACE;
  const plan = planOf(options, scope, rootNamespace);
  const sha256 = await digestOf(options);

  const written = await readPolicies(options.filename);
  const keyed = withKeySets(written, await keySetsOf(options.jwks ?? [], jwksUrisOf(written)));
  const { kept, left } = relevant(keyed, scope, rootNamespace);
  for (const { kind, namespace, name } of left) {
    note(`left out, it cannot concern them: ${kind} ${namespace}/${name}`);
  }
  if (kept.length === 0) {
    const meant = scope.kind === 'workload' ? meantWorkload(keyed, scope, rootNamespace) : '';
    throw usage(`none of these policies can concern the proxies that are meant${meant}`);
  }

  const needs = keySetsFor(jwksUrisOf(kept), options, scope, rootNamespace);
  for (const host of needs.outside) {
    note(
      `${host} is taken to be outside of the mesh: a ServiceEntry makes its cluster (--service ${host}, if it is a Service)`,
    );
  }
  const settings: Settings = {
    ...mesh.settings,
    ...(needs.clusters.length === 0 ? {} : { jwks: needs.clusters }),
    // A WasmPlugin cannot have Envoy hold headers while bodies come: what needs it is refused.
    ...(wantsBodies(mesh.settings) ? { allowOnHeadersStopIteration: false } : {}),
    ...(options.besideIstiod === true ? { forwardOriginalToken: true } : {}),
    ...(options.guard === true ? { guard: true } : {}),
    ...(options.shadow === true ? { enforcement: 'SHADOW' as const } : {}),
  };
  const plugins = wasmPlugins(kept, { ...plan, sha256, settings });
  const node = scope.kind === 'mesh' ? ANY_NODE : { labels: {}, ...scope };
  for (const configuration of configurationsOf(plugins)) {
    await judgedConfiguration(configuration, node, kept);
  }
  const guards =
    options.guard === true
      ? [guardFilter(plan.name, scope, rootNamespace, options.gateway === true)]
      : [];
  const objects = [...needs.objects, ...plugins, ...guards];
  for (const object of objects) checkSize(object);
  print(objects, options.output);
}

/** Exactly one of them: whom it is for is never guessed. */
function scopeOf({ mesh, namespace, workload, gateway }: Options): Scope {
  const given = [mesh && '--mesh', namespace && '--namespace', workload && '--workload'].filter(
    (option) => typeof option === 'string' && option !== '',
  );
  if (given.length !== 1) {
    throw usage(
      given.length === 0
        ? 'say whom it is for: --mesh, --namespace or --workload'
        : `${given.join(' and ')}: only one of them`,
    );
  }
  if (gateway === true && workload === undefined) {
    throw usage('--gateway: needs --workload, the labels of the gateway');
  }
  if (workload === undefined) {
    return namespace === undefined ? { kind: 'mesh' } : { kind: 'namespace', namespace };
  }
  const node = parseWorkload(workload);
  if (Object.keys(node.labels).length === 0) {
    throw usage(
      `--workload ${workload}: names no label; for the whole namespace write -n ${workload}`,
    );
  }
  return { kind: 'workload', ...node };
}

function planOf(
  options: Options,
  scope: Scope,
  rootNamespace: string,
): Omit<WasmPluginOptions, 'settings'> {
  const { name, url, phase, failStrategy, pullSecret, priority } = options;
  if (options.guard === true && options.shadow === true) {
    throw usage('--guard: refuses what is not enforced, and --shadow enforces nothing');
  }
  if (!/^[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?$/.test(name)) {
    throw usage(`--name ${name}: expected a name of RFC 1123, in lower case`);
  }
  if (scope.kind === 'namespace' && scope.namespace === rootNamespace) {
    throw usage(
      `-n ${scope.namespace}: a WasmPlugin in the root namespace is for the whole mesh; write --mesh, or --workload`,
    );
  }
  if (failStrategy === 'FAIL_OPEN' && options.shadow !== true) {
    throw usage(
      '--fail-strategy FAIL_OPEN: lets everything through when the module fails; only with --shadow',
    );
  }
  if (priority !== undefined && !/^-?\d{1,9}$/.test(priority)) {
    throw usage(`--priority ${priority}: expected a whole number`);
  }
  return {
    name,
    url,
    phase,
    failStrategy,
    scope,
    rootNamespace,
    gateway: options.gateway ?? false,
    imagePullSecret: pullSecret,
    ...(priority === undefined ? {} : { priority: Number(priority) }),
    tcpPorts: (options.tcpPort ?? []).map((port) => parsePort(port, '--tcp-port')),
  };
}

/** The digest that Istio is to hold the module against; none for a file in the proxy, which Istio does not look at. */
async function digestOf({ url, sha256, wasm }: Options): Promise<string | undefined> {
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1];
  if (scheme === undefined || !['oci', 'http', 'https', 'file'].includes(scheme)) {
    throw usage(`--url ${url}: expected oci://, https://, http:// or file://`);
  }
  if (sha256 !== undefined && !/^(sha256:)?[0-9a-f]{64}$/.test(sha256)) {
    throw usage(`--sha256 ${sha256}: expected 64 hexadecimal digits`);
  }
  if (scheme === 'file') {
    if (sha256 !== undefined) throw usage('--sha256: Istio does not look at a file:// module');
    return undefined;
  }
  const given = sha256?.replace('sha256:', '');
  const pinned = /@sha256:([0-9a-f]{64})$/.exec(url)?.[1];
  if (pinned !== undefined) {
    if (given !== undefined && given !== pinned) {
      throw usage(`--sha256 ${sha256}: --url names another digest, ${pinned}`);
    }
    return pinned;
  }
  if (given !== undefined) return given;
  const image = await moduleImage(wasm);
  return scheme === 'oci' ? image.layout.digest.replace('sha256:', '') : image.sha256;
}

function keySetsFor(
  uris: string[],
  { service, jwksCa }: Options,
  scope: Scope,
  rootNamespace: string,
): ReturnType<typeof keySetNeeds> {
  for (const host of service ?? []) {
    if (!/^[a-z0-9-]+\.[a-z0-9-]+$/.test(host)) {
      throw usage(`--service ${host}: expected NAME.NAMESPACE`);
    }
    if (!uris.some((uri) => new URL(uri).hostname === host)) {
      throw usage(`--service ${host}: no policy has a jwksUri with this host`);
    }
  }
  try {
    return keySetNeeds(uris, {
      namespace: namespaceOf(scope, rootNamespace),
      isMeshWide: scope.kind === 'mesh',
      services: service ?? [],
      caCertificates: jwksCa,
    });
  } catch (error) {
    if (error instanceof UnusableUri) throw new Failure(ExitCode.Findings, error.message);
    throw error;
  }
}

function checkSize(object: KubernetesObject): void {
  const bytes = Buffer.byteLength(JSON.stringify(object));
  const name = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
  if (bytes > MAX_OBJECT_BYTES) {
    throw new Failure(
      ExitCode.Findings,
      `${name} has ${bytes} bytes, and the API server takes ${MAX_OBJECT_BYTES}: render it by namespace, or by workload`,
    );
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    note(`${name} has ${bytes} bytes: apply it with kubectl apply --server-side`);
  }
}

function print(objects: KubernetesObject[], format: 'yaml' | 'json'): void {
  const text =
    format === 'json'
      ? `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2)}\n`
      : objects.map((object) => stringify(object, QUOTED)).join('---\n');
  process.stdout.write(text);
}

function note(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}

function usage(message: string): Failure {
  return new Failure(ExitCode.Usage, message);
}
