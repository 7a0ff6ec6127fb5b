// Tokens: what RequestAuthentication gives, and what AuthorizationPolicy asks for.
import type { Finding } from '../check.ts';
import { groupBy } from '../group-by.ts';
import { type Field, type Policy, type Rule } from '../policy.ts';
import { overlap } from '../scope.ts';
import type { RequestAuthentication, World } from '../world.ts';

/** PC0305, PC0306, PC0319, PC0320. */
export function tokens(world: World): Finding[] {
  const { policies, requestAuthentications } = world;
  const asking = policies.filter(({ action, rules }) => action !== 'AUDIT' && rules.some(asksIn));
  return [
    ...policies.flatMap((policy) => [...unproduced(policy, world), ...numericClaims(policy)]),
    ...requestAuthentications.flatMap((authentication) =>
      unrequired(authentication, asking, world),
    ),
    ...twinIssuers(world),
  ];
}

function asksIn({ fields }: Rule): boolean {
  return fields.some(asksForToken);
}

/** Whether a field asks for a token. */
function asksForToken({ name }: Field): boolean {
  return name === 'requestPrincipals' || name.startsWith('request.auth.');
}

function unproduced(policy: Policy, { requestAuthentications: all, effort }: World): Finding[] {
  const { resource, action } = policy;
  if (action === 'CUSTOM' || !policy.rules.some(asksIn)) return [];
  if (!effort.affords(all.length)) return [];
  const near = all.filter(({ scope }) => overlap(scope, policy.scope));
  const rules = near.flatMap(({ jwtRules }) => jwtRules);
  return policy.rules
    .flatMap(({ fields }) => fields)
    .flatMap((field): Finding[] => {
      if (!asksForToken(field)) return [];
      const { path, values, name } = field;
      const at = { resource, path };
      if (rules.length === 0) {
        return [{ ...at, code: 'PC0305', message: `${withoutAny(field, action)}${seen(all)}` }];
      }
      if (name !== 'requestPrincipals' && name !== 'request.auth.principal') return [];
      const issuers = rules.map(({ issuer }) => issuer);
      // A rule without issuer takes any.
      if (issuers.includes(undefined)) return [];
      return values.flatMap((value, i): Finding[] => {
        if (!effort.affords(issuers.length)) return [];
        const issuer = issuerPattern(value);
        if (issuer === undefined || issuers.some((known) => issuer(known!))) return [];
        const place = { ...at, path: `${path}[${i}]` };
        const twin = issuers.find((known) => issuer(withSlashToggled(known!)));
        if (twin !== undefined) {
          const message = `"${value}" differs from the issuer "${twin}" by a slash at its end: a principal is ISSUER/SUBJECT, here "${twin}/…"`;
          return [{ ...place, code: 'PC0320', message }];
        }
        const known = [...new Set(issuers)].map((text) => `"${text}"`).join(', ');
        const message = `no token has the principal "${value}": the issuers of the RequestAuthentications here are ${known}`;
        return [{ ...place, code: 'PC0305', message }];
      });
    });
}

/** What happens where no RequestAuthentication is. */
function withoutAny({ negated }: Field, action: Policy['action']): string {
  const matches = negated ? 'every request meets this' : 'no request meets this';
  const effect =
    action === 'DENY'
      ? negated
        ? ': everything is denied'
        : ': nothing is denied by it'
      : action === 'ALLOW'
        ? negated
          ? ': everyone is allowed'
          : ': nothing is allowed by it'
        : '';
  return `no RequestAuthentication is for these workloads, so no request has a principal, and ${matches}${effect}`;
}

function seen(all: RequestAuthentication[]): string {
  if (all.length === 0) return '';
  const names = all.map(({ resource: { namespace, name } }) => `${namespace}/${name}`);
  return ` (${names.join(', ')}: for others)`;
}

/** Which issuers a value of requestPrincipals matches (istiod splits it at the last slash); undefined where it matches any. */
function issuerPattern(value: string): ((issuer: string) => boolean) | undefined {
  const slash = value.lastIndexOf('/');
  const issuer = slash < 0 ? value : value.slice(0, slash);
  if (value === '*') return undefined;
  if (value.startsWith('*')) {
    if (slash < 0 || issuer === '*') return undefined;
    return (text) => text.endsWith(issuer.slice(1));
  }
  if (value.endsWith('*') && slash < 0) return (text) => text.startsWith(value.slice(0, -1));
  return (text) => text === issuer;
}

function withSlashToggled(issuer: string): string {
  return issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`;
}

function unrequired(
  { resource, scope, jwtRules }: RequestAuthentication,
  asking: Policy[],
  { routesByClaims, effort }: World,
): Finding[] {
  if (jwtRules.length === 0 || routesByClaims) return [];
  if (!effort.affords(asking.length)) return [];
  if (asking.some((policy) => overlap(policy.scope, scope))) return [];
  const message =
    'a bad token is refused, but a request without any passes: no AuthorizationPolicy for these workloads asks for requestPrincipals';
  return [{ code: 'PC0306', resource, path: 'spec.jwtRules', message }];
}

/** Claims that RFC 7519 and OpenID Connect have as numbers. */
const NUMERIC = ['exp', 'nbf', 'iat', 'auth_time', 'updated_at'];

/** Claims that RFC 7519, RFC 9068 and OpenID Connect have as strings, or lists of them, even where all are digits. */
const STRINGS = [
  ...['iss', 'sub', 'aud', 'jti', 'client_id', 'scope', 'roles', 'groups', 'entitlements'],
  ...['azp', 'nonce', 'acr', 'amr', 'sid', 'phone_number'],
];

function numericClaims({ resource, rules }: Policy): Finding[] {
  return rules
    .flatMap(({ fields }) => fields)
    .flatMap(({ name, values, path, negated }): Finding[] => {
      const claim = /^request\.auth\.claims\[([^\]]+)\]/.exec(name)?.[1];
      if (claim === undefined) return [];
      const effect = negated ? 'this holds for every request' : 'this holds for no request';
      if (NUMERIC.includes(claim)) {
        const message = `the claim ${claim} is a number, and Istio compares strings and lists of strings alone: ${effect}`;
        return [{ code: 'PC0319', resource, path, message }];
      }
      if (STRINGS.includes(claim)) return [];
      return values.flatMap((value, i): Finding[] => {
        if (!/^(-?\d+(\.\d+)?|true|false)$/.test(value)) return [];
        const kind = /^[tf]/.test(value) ? 'boolean' : 'number';
        const message = `Istio compares strings and lists of strings alone: where the token has ${value} as a ${kind}, ${effect}`;
        return [{ code: 'PC0319', resource, path: `${path}[${i}]`, message }];
      });
    });
}

function twinIssuers({ requestAuthentications: all, effort }: World): Finding[] {
  const rules = all.flatMap(({ resource, scope, jwtRules }) =>
    jwtRules.map((rule) => ({ resource, scope, ...rule })),
  );
  const byIssuer = groupBy(
    rules.map(({ issuer, scope }, at) => ({ issuer, scope, at })),
    ({ issuer }) => issuer,
  );
  return rules.flatMap((rule, i): Finding[] => {
    const { issuer, resource, path } = rule;
    if (issuer === undefined || issuer === '') return [];
    const others = byIssuer.get(withSlashToggled(issuer)) ?? [];
    const isTwin = ({ at, scope }: (typeof others)[number]): boolean =>
      at < i && overlap(scope, rule.scope);
    if (!effort.affords(others.length) || !others.some(isTwin)) return [];
    const message = `another rule has "${withSlashToggled(issuer)}": an issuer is compared character by character, and a token has one of them`;
    return [{ code: 'PC0320', resource, path: `${path}.issuer`, message }];
  });
}
