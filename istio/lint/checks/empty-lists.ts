// Lists without elements: Istio takes them for lists that are not there, which opens what they were to narrow.
import type { Resource } from '../../load.ts';
import type { Finding } from '../check.ts';
import type { World } from '../world.ts';

type Json = Record<string, unknown>;

const LOCATIONS = 'tokens are looked for where Istio does by default';
/** What comes of a list without elements, by its field. */
const OF_JWT_RULES: Record<string, string> = {
  audiences: 'tokens for any audience are accepted',
  fromHeaders: LOCATIONS,
  fromParams: LOCATIONS,
  fromCookies: LOCATIONS,
};
const OF_RULES: Record<string, string> = {
  from: 'any source meets the rule',
  to: 'any operation meets the rule',
  when: 'there is no condition',
};

/** PC0336. */
export function emptyLists({ policies, requestAuthentications }: World): Finding[] {
  return [
    ...policies.flatMap(({ resource }) => inRules(resource)),
    ...requestAuthentications.flatMap(({ resource }) =>
      elementsOf(resource.value.spec, 'jwtRules').flatMap((rule, i) =>
        emptyIn(resource, rule, `spec.jwtRules[${i}]`, (field) => OF_JWT_RULES[field]),
      ),
    ),
  ];
}

function inRules(resource: Resource): Finding[] {
  const narrowsNothing = (): string => 'it narrows nothing';
  const within = (rule: Json, at: string, list: string, inner: string): Finding[] =>
    elementsOf(rule, list).flatMap((element, i) =>
      emptyIn(resource, element[inner], `${at}.${list}[${i}].${inner}`, narrowsNothing),
    );
  return elementsOf(resource.value.spec, 'rules').flatMap((rule, i) => {
    const at = `spec.rules[${i}]`;
    return [
      ...emptyIn(resource, rule, at, (field) => OF_RULES[field]),
      ...within(rule, at, 'from', 'source'),
      ...within(rule, at, 'to', 'operation'),
      ...elementsOf(rule, 'when').flatMap((condition, k) =>
        emptyIn(resource, condition, `${at}.when[${k}]`, narrowsNothing),
      ),
    ];
  });
}

/** The fields of an object that are lists without elements, where something comes of it. */
function emptyIn(
  resource: Resource,
  object: unknown,
  at: string,
  effectOf: (field: string) => string | undefined,
): Finding[] {
  return Object.entries((object ?? {}) as Json).flatMap(([field, value]): Finding[] => {
    const effect = effectOf(field);
    if (effect === undefined || !Array.isArray(value) || value.length > 0) return [];
    const message = `an empty list counts as if it were not there: ${effect}`;
    return [{ code: 'PC0336', resource, path: `${at}.${field}`, message }];
  });
}

function elementsOf(object: unknown, list: string): Json[] {
  return ((object as Json | null | undefined)?.[list] ?? []) as Json[];
}
