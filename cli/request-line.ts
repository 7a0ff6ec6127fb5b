// Requests as people and programs write them: one JSON object, or a line of JSON each.
import { isIP } from 'node:net';
import type { JudgedRequest } from '../host/judge.ts';
import { ExitCode, Failure } from './exit-codes.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const address: Check = (value) => typeof value === 'string' && isIP(value) !== 0;
const port: Check = (value) =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536;
const pairs: Check = (value) =>
  Array.isArray(value) && value.every((pair) => texts(pair) && (pair as string[]).length === 2);

const FIELDS: Record<string, [check: Check, wanted: string]> = {
  id: [(value) => text(value) || typeof value === 'number', 'a string or a number'],
  method: [text, 'a string'],
  authority: [text, 'a string'],
  path: [(value) => text(value) && (value as string).startsWith('/'), 'a path that begins with /'],
  headers: [pairs, 'a list of [name, value]'],
  scheme: [(value) => value === 'http' || value === 'https', 'http or https'],
  sourceIp: [address, 'an IP address'],
  remoteIp: [address, 'an IP address'],
  destinationIp: [address, 'an IP address'],
  destinationPort: [port, 'a port'],
  sni: [text, 'a string'],
  mtls: [(value) => typeof value === 'object' && value !== null, 'an object'],
  protocol: [(value) => value === 'http' || value === 'tcp', 'http or tcp'],
  now: [(value) => typeof value === 'number' && value > 0, 'seconds since the Unix epoch'],
  extAuthz: [(value) => ['allow', 'deny', 'error'].includes(String(value)), 'allow, deny or error'],
};

const MTLS_FIELDS: Record<string, [check: Check, wanted: string]> = {
  presented: [(value) => typeof value === 'boolean', 'true or false'],
  peerUris: [texts, 'a list of strings'],
  localUris: [texts, 'a list of strings'],
  peerDns: [texts, 'a list of strings'],
  subject: [text, 'a string'],
  hash: [text, 'a string'],
};

/** Checks a request that came as JSON or YAML. Throws Failure that begins with `where`. */
export function checkRequest(value: unknown, where: string): JudgedRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure(ExitCode.Usage, `${where}: a request must be an object`);
  }
  checkFields(value, FIELDS, where);
  const request = value as JudgedRequest;
  if (!('path' in value) && request.protocol !== 'tcp') {
    throw new Failure(ExitCode.Usage, `${where}: path is missing`);
  }
  const { mtls } = request;
  if (mtls !== undefined) checkFields(mtls, MTLS_FIELDS, `${where}: mtls`);
  return { ...request, path: request.path ?? '/' };
}

function checkFields(value: object, fields: typeof FIELDS, where: string): void {
  for (const [name, item] of Object.entries(value)) {
    const field = fields[name];
    if (field === undefined) {
      const known = Object.keys(fields).join(', ');
      throw new Failure(ExitCode.Usage, `${where}: unknown field ${name}; known are ${known}`);
    }
    if (!field[0](item)) throw new Failure(ExitCode.Usage, `${where}: ${name} must be ${field[1]}`);
  }
}

/** The requests of a file with one on every line; blank lines are passed over. Throws Failure that names the line. */
export function requestLines(content: string, file: string): JudgedRequest[] {
  return content.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const where = `${file}:${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new Failure(ExitCode.Usage, `${where}: not JSON`);
    }
    return [checkRequest(value, where)];
  });
}
