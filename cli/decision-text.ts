// A decision in words: what decided, and why nothing else did.
import { verdictText } from './colour.ts';
import type { Decision, JudgedRequest, Step } from '../host/judge.ts';
import type { Resource } from '../istio/load.ts';

const INDEX = /-rule\[(\d+)\]$/;

/** The lines for a reader. */
export function decisionText(
  request: JudgedRequest,
  decision: Decision,
  resources: Resource[],
): string[] {
  const { allowed, status, body, details, rule } = decision;
  const policies = policiesOf(resources);
  const answer = status === 0 ? 'the connection is closed' : `${status} ${body.split('\n')[0]}`;
  const lines = [
    verdictText(allowed ? 'allowed' : `refused: ${answer}`.trimEnd(), allowed, process.stdout),
    ...(allowed ? [] : [`  ${status === 0 ? 'decision' : 'response code details'}: ${details}`]),
    `  request principal: ${decision.requestPrincipal ?? 'none: no token that was verified'}`,
  ];
  const decisive = decision.steps.find((step) => step.rule === rule && step.matched);
  if (decisive !== undefined) {
    lines.push('', `by ${stepTitle(decisive, policies)}`);
    lines.push(...conditionLines(decisive, request, decision, policies));
  } else if (details.startsWith('unauthenticated reason=peer_')) {
    lines.push(
      '',
      `by PeerAuthentication ${decision.policy}${placeOf(decision.policy, resources)}`,
    );
  } else if (details.includes('matched_policy[none]') || details === 'deny policy=none') {
    lines.push('', 'by no rule: there are ALLOW policies, and none of their rules matches');
  } else if (allowed) {
    lines.push('', 'no DENY rule matches, and there is no ALLOW policy that would have to');
  }
  const others = decision.steps.filter((step) => step !== decisive);
  for (const matched of [true, false]) {
    const chosen = others.filter((step) => step.matched === matched);
    if (chosen.length === 0) continue;
    lines.push('', matched ? 'also matches:' : 'does not match:');
    for (const step of chosen) {
      lines.push(`  ${stepTitle(step, policies)}`);
      lines.push(...conditionLines(step, request, decision, policies).map((line) => `  ${line}`));
    }
  }
  return lines;
}

/** AuthorizationPolicies by the name that rules have them by. */
type Policies = Map<string, Resource>;

function policiesOf(resources: Resource[]): Policies {
  const policies = resources.filter(({ kind }) => kind === 'AuthorizationPolicy');
  return new Map(
    policies.map((policy) => [`ns[${policy.namespace}]-policy[${policy.name}]`, policy]),
  );
}

function stepTitle({ action, rule }: Step, policies: Policies): string {
  const resource = policyOf(rule, policies);
  const index = INDEX.exec(rule)?.[1] ?? '?';
  const at = resource?.locate(`spec.rules[${index}]`);
  const place = resource === undefined || at === undefined ? '' : ` (${resource.file}:${at.line})`;
  return `${action} ${rule}${place}`;
}

/** Where a PeerAuthentication says its mode. */
function placeOf(policy: string | null, resources: Resource[]): string {
  const found = resources.find(
    ({ kind, namespace, name }) =>
      kind === 'PeerAuthentication' && `${namespace}/${name}` === policy,
  );
  const at = found?.locate('spec');
  return found === undefined || at === undefined ? '' : ` (${found.file}:${at.line})`;
}

function conditionLines(
  step: Step,
  request: JudgedRequest,
  decision: Decision,
  policies: Policies,
): string[] {
  const index = INDEX.exec(step.rule)?.[1] ?? '0';
  const policy = policyOf(step.rule, policies);
  if (step.conditions.length === 0) return ['  an empty rule: it matches every request'];
  return step.conditions.map((condition) => {
    const values = valueAt(policy?.value, `spec.rules[${index}].${condition}`);
    const key = condition.startsWith('when[')
      ? String(
          valueAt(policy?.value, `spec.rules[${index}].${condition.replace(/\.\w+$/, '.key')}`),
        )
      : undefined;
    const name = key === undefined ? condition : `${condition} of ${key}`;
    const seen = seenBy(key ?? condition.split('.').at(-1)!, request, decision);
    return `  ${name}: ${JSON.stringify(values)}${seen === undefined ? '' : `; the request: ${seen}`}`;
  });
}

function policyOf(rule: string, policies: Policies): Resource | undefined {
  return policies.get(rule.replace(/-rule\[\d+\]$/, ''));
}

function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const [, key, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    at = (at as Record<string, unknown> | undefined)?.[key ?? index!];
  }
  return at;
}

/** What the request has where a field looks; of claims nothing: they are not for terminals. */
function seenBy(field: string, request: JudgedRequest, decision: Decision): string | undefined {
  const name = field.replace(/^not([A-Z])/, (_, first: string) => first.toLowerCase());
  const header = /^request\.headers\[(.*)\]$/.exec(name)?.[1]?.toLowerCase();
  const values = (request.headers ?? []).filter(([key]) => key.toLowerCase() === header);
  const source = request.sourceIp ?? '127.0.0.1';
  const uris = request.mtls?.presented === false ? [] : (request.mtls?.peerUris ?? []);
  if (header !== undefined) {
    return values.length === 0 ? 'no such header' : values.map(([, value]) => value).join(', ');
  }
  switch (name) {
    case 'paths':
      return request.path.split(/[?#]/)[0];
    case 'methods':
      return request.method ?? 'GET';
    case 'hosts':
      return request.authority ?? 'localhost';
    case 'ports':
    case 'destination.port':
      return request.destinationPort === undefined ? undefined : String(request.destinationPort);
    case 'requestPrincipals':
    case 'request.auth.principal':
      return decision.requestPrincipal ?? 'no token that was verified';
    case 'ipBlocks':
    case 'source.ip':
      return source;
    case 'remoteIpBlocks':
    case 'remote.ip':
      return request.remoteIp ?? source;
    case 'connection.sni':
      return request.sni ?? 'no SNI';
    case 'principals':
    case 'namespaces':
    case 'serviceAccounts':
    case 'trustDomains':
    case 'source.principal':
    case 'source.namespace':
    case 'source.serviceAccount':
    case 'source.trustDomain':
      return uris.length === 0 ? 'no client certificate' : uris.join(', ');
    default:
      return undefined;
  }
}
