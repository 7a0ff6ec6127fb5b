// Everything that a check may look at: the policies that are well-formed, the cluster around them, the mesh's settings.
import type { Resource } from '../load.ts';
import type { PathNormalization } from '../path-normalization.ts';
import { type Cluster, clusterOf } from './cluster.ts';
import { Effort } from './effort.ts';
import { type Policy, policyOf } from './policy.ts';
import { type Scope, scopeOf } from './scope.ts';

/** A rule of a RequestAuthentication. */
export interface JwtRule {
  path: string;
  issuer?: string;
  jwksUri?: string;
  jwks?: string;
  audiences: string[];
}

/** A RequestAuthentication. */
export interface RequestAuthentication {
  resource: Resource;
  scope: Scope;
  jwtRules: JwtRule[];
}

/** A PeerAuthentication. */
export interface PeerAuthentication {
  resource: Resource;
  scope: Scope;
  mode?: string;
  /** Keys of portLevelMtls. */
  ports: string[];
}

/** Of MeshConfig, what bears on the checks. */
export interface Mesh {
  rootNamespace: string;
  /** The mesh's own and its aliases; undefined where nobody has said. */
  trustDomains?: string[];
  pathNormalization: PathNormalization;
}

/** What the checks look at. */
export interface World {
  mesh: Mesh;
  cluster: Cluster;
  policies: Policy[];
  requestAuthentications: RequestAuthentication[];
  peerAuthentications: PeerAuthentication[];
  /** Whether a VirtualService chooses by claims: without a token, a request has another route or none. */
  routesByClaims: boolean;
  /** What comparing each with each may take. */
  effort: Effort;
}

type Json = Record<string, unknown>;

/** Reads what has passed the schema. */
export function worldOf(resources: Resource[], context: Resource[], mesh: Mesh): World {
  const effort = new Effort();
  const world: World = {
    mesh,
    effort,
    cluster: clusterOf(context, effort),
    policies: [],
    requestAuthentications: [],
    peerAuthentications: [],
    routesByClaims: resources.some(
      ({ kind, value }) =>
        kind === 'VirtualService' && JSON.stringify(value).includes('"@request.auth.claims'),
    ),
  };
  for (const resource of resources) {
    const spec = (resource.value.spec ?? {}) as Json;
    const scope = scopeOf(resource, mesh.rootNamespace);
    if (resource.kind === 'AuthorizationPolicy') {
      world.policies.push(policyOf(resource, scope));
    } else if (resource.kind === 'RequestAuthentication') {
      const jwtRules = ((spec.jwtRules ?? []) as Json[]).map(jwtRuleOf);
      world.requestAuthentications.push({ resource, scope, jwtRules });
    } else if (resource.kind === 'PeerAuthentication') {
      const mode = (spec.mtls as { mode?: string } | null | undefined)?.mode;
      const ports = Object.keys(spec.portLevelMtls ?? {});
      const peer: PeerAuthentication = { resource, scope, ports };
      world.peerAuthentications.push(typeof mode === 'string' ? { ...peer, mode } : peer);
    }
  }
  return world;
}

function jwtRuleOf(rule: Json, index: number): JwtRule {
  const textOf = (name: string): string | undefined =>
    typeof rule[name] === 'string' ? rule[name] : undefined;
  const [issuer, jwks] = [textOf('issuer'), textOf('jwks')];
  const jwksUri = textOf('jwksUri') ?? textOf('jwks_uri');
  return {
    path: `spec.jwtRules[${index}]`,
    audiences: (rule.audiences ?? []) as string[],
    ...(issuer === undefined ? {} : { issuer }),
    ...(jwks === undefined ? {} : { jwks }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
  };
}
