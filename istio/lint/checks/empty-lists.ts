// Lists without elements: Istio takes them for lists that are not there, which opens what they were to narrow.
import { isSeq } from 'yaml';
import type { Resource } from '../../load.ts';
import type { Finding } from '../check.ts';
import type { World } from '../world.ts';

type Json = Record<string, unknown>;

/** PC0336. */
export function emptyLists({ policies, requestAuthentications }: World): Finding[] {
  return [
    ...policies.flatMap(({ resource }) => ruleLists(resource)),
    ...requestAuthentications.flatMap(({ resource, jwtRules }) =>
      jwtRules.flatMap(({ path }) => [
        ...found(resource, `${path}.audiences`, 'tokens for any audience are accepted'),
        ...['fromHeaders', 'fromParams', 'fromCookies'].flatMap((field) =>
          found(resource, `${path}.${field}`, 'tokens are looked for where Istio does by default'),
        ),
      ]),
    ),
  ];
}

function ruleLists(resource: Resource): Finding[] {
  const { rules } = (resource.value.spec ?? {}) as { rules?: Json[] | null };
  return (rules ?? []).flatMap((rule, i) => {
    const path = `spec.rules[${i}]`;
    return [
      ...found(resource, `${path}.from`, 'any source meets the rule'),
      ...found(resource, `${path}.to`, 'any operation meets the rule'),
      ...found(resource, `${path}.when`, 'there is no condition'),
      ...within(resource, rule.from, `${path}.from`, 'source'),
      ...within(resource, rule.to, `${path}.to`, 'operation'),
      ...((rule.when as Json[] | null | undefined) ?? []).flatMap((_, k) =>
        ['values', 'notValues'].flatMap((field) =>
          found(resource, `${path}.when[${k}].${field}`, 'it narrows nothing'),
        ),
      ),
    ];
  });
}

function within(resource: Resource, list: unknown, path: string, inner: string): Finding[] {
  return ((list as Json[] | null | undefined) ?? []).flatMap((item, i) =>
    Object.keys((item[inner] ?? {}) as Json).flatMap((field) =>
      found(resource, `${path}[${i}].${inner}.${field}`, 'it narrows nothing'),
    ),
  );
}

function found(resource: Resource, path: string, effect: string): Finding[] {
  const node = resource.at(path)?.node;
  if (!isSeq(node) || node.items.length > 0) return [];
  const message = `an empty list counts as if it were not there: ${effect}`;
  return [{ code: 'PC0336', resource, path, message }];
}
