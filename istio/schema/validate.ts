// Holds a resource against its schema, as strictly as the API server does with fieldValidation=Strict.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Intent } from '../lint/intent.ts';
import { inWords } from '../lint/intent.ts';
import type { Code } from '../lint/codes.ts';
import { breachesOf } from './cel.ts';
import type { CrdSchema } from './crd.ts';
import { type Level, meaningOf, objectWithin } from './hint.ts';
import { crdOf, resourceSchema } from './resource-schema.ts';
import { typeFinding } from './wrong-type.ts';

/** What is wrong at a path. */
export interface SchemaFinding {
  path: string;
  code: Code;
  message: string;
  intent?: Intent;
}

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false });
const validators = new Map<string, ValidateFunction>();

/** Everything that the schema of its kind has against a resource. */
export function schemaFindings(kind: string, resource: Record<string, unknown>): SchemaFinding[] {
  const schema = resourceSchema(kind);
  if (schema === undefined) return [];
  const value = withoutNulls(resource, schema);
  const validate = validatorOf(kind, schema);
  const findings = validate(value)
    ? []
    : rootCauses(validate.errors ?? []).map((error) => findingOf(error, resource, schema));
  const blocked = findings.filter(({ code }) => code !== 'PC0101').map(({ path }) => path);
  for (const { path, message } of breachesOf(value, schema)) {
    // As in the API server, a rule is for what has the right form.
    if (!blocked.some((inner) => leadsTo(path, inner))) {
      findings.push({ path, code: 'PC0107', message });
    }
  }
  return [...envelopeFindings(kind, resource), ...findings];
}

/** `apiVersion` and `metadata`, which no CRD's schema tells of. */
function envelopeFindings(kind: string, resource: Record<string, unknown>): SchemaFinding[] {
  const findings: SchemaFinding[] = [];
  const { group = '', versions = [] } = crdOf(kind) ?? {};
  const known = versions.map((version) => `${group}/${version}`);
  if (!known.includes(resource.apiVersion as string)) {
    const list = known.map((version) => `"${version}"`).join(' or ');
    findings.push({ path: 'apiVersion', code: 'PC0108', message: `must be ${list}` });
  }
  const metadata = (resource.metadata ?? {}) as Record<string, unknown>;
  return [...findings, ...nameFindings('name', metadata.name, SUBDOMAIN, 253)].concat(
    nameFindings('namespace', metadata.namespace, LABEL, 63),
  );
}

/** RFC 1123, as Kubernetes takes it. */
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function nameFindings(
  field: string,
  name: unknown,
  form: RegExp,
  longest: number,
): SchemaFinding[] {
  const path = `metadata.${field}`;
  if (name === undefined || name === null || name === '') {
    return [{ path, code: 'PC0104', message: 'missing' }];
  }
  if (typeof name !== 'string' || (form.test(name) && name.length <= longest)) return [];
  const parts = form === LABEL ? 'digits and hyphens' : 'digits, hyphens and dots';
  const message = `must be a name: lowercase letters, ${parts}, at most ${longest} of them`;
  return [{ path, code: 'PC0109', message }];
}

function validatorOf(kind: string, schema: CrdSchema): ValidateFunction {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const validator = ajv.compile(strict(schema));
  validators.set(kind, validator);
  return validator;
}

/** The schema as JSON Schema has it: fields that it does not name are refused. */
function strict(schema: CrdSchema): Record<string, unknown> {
  const { properties, items, additionalProperties, ...rest } = schema;
  if (schema['x-kubernetes-int-or-string'] === true) {
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  const result: Record<string, unknown> = rest;
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, strict(field)]),
    );
    if (schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      result.additionalProperties = false;
    }
  }
  if (items !== undefined) result.items = strict(items);
  if (additionalProperties !== undefined)
    result.additionalProperties = strict(additionalProperties);
  return result;
}

/** A member that is null counts as absent, as in Kubernetes, where the schema knows it; an element of a list does not. */
function withoutNulls(value: unknown, schema: CrdSchema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, schema?.items));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]) => {
    const inner =
      schema?.properties !== undefined && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema?.additionalProperties;
    return member === null && inner !== undefined && inner.nullable !== true
      ? []
      : [[name, withoutNulls(member, inner)] as const];
  });
  return Object.fromEntries(members);
}

/** Without what only says how an alternative failed: the choice itself is the finding. */
function rootCauses(errors: ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => ['oneOf', 'anyOf', 'not'].includes(keyword));
  return errors.filter(
    (error) =>
      !choices.some(
        (choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/`),
      ),
  );
}

function findingOf(
  error: ErrorObject,
  resource: Record<string, unknown>,
  schema: CrdSchema,
): SchemaFinding {
  const steps = error.instancePath.split('/').slice(1).map(unescape);
  const path = pathOf(steps, resource);
  switch (error.keyword) {
    case 'additionalProperties': {
      const { additionalProperty: key } = error.params as { additionalProperty: string };
      const { levels, object } = levelsTo(steps, resource, schema);
      const intent = meaningOf(key, object, levels);
      const message = `unknown field${inWords(intent)}`;
      return withIntent({ path: join(path, key), code: 'PC0101', message }, intent);
    }
    case 'type':
      return typeFinding(path, error.data, error.parentSchema as CrdSchema);
    case 'enum':
      return enumFinding(path, error);
    case 'required': {
      const { missingProperty } = error.params as { missingProperty: string };
      return { path: join(path, missingProperty), code: 'PC0104', message: 'missing' };
    }
    case 'oneOf':
    case 'anyOf':
    case 'not':
      return choiceFinding(path, error);
    default:
      return { path, code: 'PC0105', message: boundMessage(error) };
  }
}

function enumFinding(path: string, error: ErrorObject): SchemaFinding {
  const allowed = (error.params as { allowedValues: unknown[] }).allowedValues.map(String);
  const value = String(error.data);
  const by = allowed.find((word) => word.toLowerCase() === value.toLowerCase());
  const intent: Intent | undefined = by === undefined ? undefined : { kind: 'replace', by };
  const message = `must be one of ${allowed.join(', ')}, not "${value}"${inWords(intent)}`;
  return withIntent({ path, code: 'PC0103', message }, intent);
}

/** `oneOf` in Istio's CRDs: some members exclude each other, and sometimes one of them has to be there. */
function choiceFinding(path: string, error: ErrorObject): SchemaFinding {
  const names = [...new Set(requiredIn(error.schema))];
  const data = error.data ?? {};
  const present = names.filter((name) => Object.hasOwn(data, name));
  const list = (items: string[]): string => items.map((name) => `"${name}"`).join(', ');
  const message =
    present.length > 1
      ? `only one of ${list(present)} can be set`
      : `one of ${list(names)} must be set`;
  return { path, code: 'PC0106', message };
}

function requiredIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(requiredIn);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'required' ? (value as string[]) : requiredIn(value),
  );
}

function boundMessage({ keyword, params, message = 'is not valid' }: ErrorObject): string {
  const { limit, pattern } = params as { limit?: number; pattern?: string };
  switch (keyword) {
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} items`;
    case 'maxItems':
      return `must have at most ${limit} items`;
    case 'minProperties':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} members`;
    case 'maxProperties':
      return `must have at most ${limit} members`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'pattern':
      return `must match ${pattern}`;
    default:
      return message;
  }
}

/** The objects that lead to a place, outermost first, and what stands there. */
function levelsTo(
  steps: string[],
  resource: Record<string, unknown>,
  root: CrdSchema,
): { levels: Level[]; object: Record<string, unknown> } {
  const levels: Level[] = [{ schema: root, name: 'resource' }];
  let schema: CrdSchema = root;
  let value: unknown = resource;
  let name = 'resource';
  for (const step of steps) {
    const isIndex = Array.isArray(value);
    value = (value as Record<string, unknown>)[step];
    if (!isIndex) name = step;
    const next = isIndex
      ? schema.items
      : (schema.properties?.[step] ?? schema.additionalProperties);
    if (next === undefined) break;
    schema = next;
    const isObject = schema.properties !== undefined;
    if (isObject) levels.push({ schema: objectWithin(schema) ?? schema, name });
  }
  return { levels, object: value as Record<string, unknown> };
}

function pathOf(steps: string[], resource: unknown): string {
  let path = '';
  let value = resource;
  for (const step of steps) {
    path = Array.isArray(value) ? `${path}[${step}]` : join(path, step);
    value = (value as Record<string, unknown> | undefined)?.[step];
  }
  return path;
}

/** Whether `path` is `inner`, or a part of the way to it. */
function leadsTo(path: string, inner: string): boolean {
  return path === '' || (inner.startsWith(path) && /^($|[.[])/.test(inner.slice(path.length)));
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** RFC 6901 §4. */
function unescape(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function withIntent(finding: SchemaFinding, intent: Intent | undefined): SchemaFinding {
  return intent === undefined ? finding : { ...finding, intent };
}
