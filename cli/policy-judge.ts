// The judge that `explain` and `test` ask: the shipped module, configured with the policies as `render` would configure Envoy's.
import { nodePlatform } from '../host/node-platform.ts';
import { type Decision, Judge, type JudgedRequest, RefusedConfiguration } from '../host/judge.ts';
import { clusterNameOf } from '../envoy/config/clusters.ts';
import { unconcerned } from './concerned.ts';
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import { PLUGIN, networkPlugin, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { EnvoyJudge } from '../envoy/envoy-judge.ts';
import type { Resource } from '../istio/load.ts';
import type { MeshConfig } from '../istio/mesh-config.ts';
import { locateErrors } from '../istio/module-errors.ts';
import { normalizedPath } from '../istio/path-normalization.ts';
import {
  authorizersOf,
  jwksUrisOf,
  pluginConfiguration,
  wantsBodies,
  xfccOf,
} from '../istio/plugin-configuration.ts';
import { formatProblem } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { MODULE_PATH, shippedModule } from './package-files.ts';
import { parseWorkload } from './workload.ts';

/** Which policies, for whom. */
export interface JudgeInput {
  resources: Resource[];
  /** `NS[/k=v,…]` */
  workload: string;
  port?: number;
  /** An edge proxy, which PeerAuthentication says nothing of. */
  gateway?: boolean;
  mesh: MeshConfig;
  /** Seconds since the Unix epoch, where a request does not say. */
  now: number;
}

/** Envoy's answer to a path that it does not take. */
const BAD_PATH: Omit<Decision, 'id'> = {
  allowed: false,
  status: 400,
  body: '',
  details: 'path_normalization_failed',
  responseHeaders: [],
  upstreamHeaders: [],
  requestPrincipal: null,
  policy: null,
  rule: null,
  steps: [],
};

export class PolicyJudge {
  private readonly judge: Judge;
  private readonly input: JudgeInput;
  private readonly configuration: string;

  private constructor(judge: Judge, input: JudgeInput, configuration: string) {
    this.judge = judge;
    this.input = input;
    this.configuration = configuration;
  }

  /** Throws Failure with a line for everything that the module refuses. */
  static async start(input: JudgeInput): Promise<PolicyJudge> {
    const { resources, mesh, port, gateway = false } = input;
    const configurationFor = (protocol: 'HTTP' | 'TCP'): string =>
      pluginConfiguration(resources, {
        ...mesh.settings,
        connectionFacts: CONNECTION_FACTS,
        xfcc: xfccOf(gateway),
        filterStateClaims: ['iss', 'sub'],
        workload: { protocol, gateway, ...(port === undefined ? {} : { containerPort: port }) },
      });
    const configuration = configurationFor('HTTP');
    const clusters = [
      ...authorizersOf(mesh.settings).map(({ host, port: at }) => `outbound|${at}||${host}`),
      ...jwksUrisOf(resources).map(clusterNameOf),
    ];
    try {
      const judge = new Judge(
        {
          module: await shippedModule(),
          platform: nodePlatform,
          node: parseWorkload(input.workload),
          configuration,
          tcpConfiguration: configurationFor('TCP'),
          connectionFacts: CONNECTION_FACTS,
          now: input.now * 1000,
        },
        clusters,
      );
      return new PolicyJudge(judge, input, configuration);
    } catch (error) {
      if (!(error instanceof RefusedConfiguration)) throw error;
      const problems = locateErrors(error.lines, resources).map(formatProblem);
      throw new Failure(ExitCode.Findings, ...problems);
    }
  }

  /** A real Envoy with the module and the same policies. */
  async inEnvoy(): Promise<EnvoyJudge> {
    const { mesh, workload } = this.input;
    const filter = staticWasmFilter({
      name: PLUGIN,
      vmId: PLUGIN,
      module: MODULE_PATH,
      configuration: this.configuration,
      holdsHeadersAlone: wantsBodies(mesh.settings),
    });
    const plugin = { name: PLUGIN, vmId: PLUGIN, module: MODULE_PATH };
    const network = staticWasmFilter(
      networkPlugin({ ...plugin, configuration: this.configuration }),
    );
    return EnvoyJudge.start(parseWorkload(workload), [filter], [network], mesh.pathNormalization);
  }

  /** Every rule that applies, as `ACTION RULE`. */
  get rules(): string[] {
    return this.judge.rules();
  }

  /** That none of the policies concerns the workload, and what the module warns of. */
  get warnings(): string[] {
    const { resources, workload, mesh, gateway = false } = this.input;
    const none = unconcerned(resources, parseWorkload(workload), mesh, gateway);
    return [...(none === undefined ? [] : [`warning: ${none}`]), ...this.judge.warnings];
  }

  /** The request as filters see it: its path normalized, its port the workload's. Undefined where Envoy answers 400. */
  seen(request: JudgedRequest): JudgedRequest | undefined {
    if (request.protocol === 'tcp') return this.atPort(request);
    const path = normalizedPath(request.path, this.input.mesh.pathNormalization ?? 'BASE');
    if (path === undefined) return undefined;
    return this.atPort({ ...request, path });
  }

  private atPort(request: JudgedRequest): JudgedRequest {
    const destinationPort = this.input.port ?? request.destinationPort;
    return { ...request, ...(destinationPort === undefined ? {} : { destinationPort }) };
  }

  /** Judges a request. Throws Failure where a token needs keys that nobody has given. */
  decide(request: JudgedRequest): Decision {
    const seen = this.seen(request);
    if (seen === undefined) {
      return { ...(request.id === undefined ? {} : { id: request.id }), ...BAD_PATH };
    }
    const decision = this.judge.decide(seen);
    const [cluster] = this.judge.missingKeySets;
    if (cluster === undefined) return decision;
    throw new Failure(
      ExitCode.Usage,
      `the token needs the key set of a jwksUri at ${cluster.split('|').at(-1)}: give it with --jwks URI=FILE`,
    );
  }
}
