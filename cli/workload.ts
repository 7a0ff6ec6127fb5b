import type { Address, Node } from '../envoy/config/types.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** A label of RFC 1123, as the name of a namespace is. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads `--workload NS[/k=v,…]`. Throws Failure, also for `NAME.NAMESPACE`: only a mesh knows the labels of that. */
export function parseWorkload(text: string): Node {
  const slash = text.indexOf('/');
  const namespace = slash < 0 ? text : text.slice(0, slash);
  const pairs = slash < 0 || slash === text.length - 1 ? [] : text.slice(slash + 1).split(',');
  if (namespace === '') throw usage(`--workload ${text}: the namespace is missing`);
  const [, name, of] = /^([^./]+)\.([^./]+)$/.exec(text) ?? [];
  if (name !== undefined && of !== undefined) {
    throw usage(
      `--workload ${text}: policies go by labels, and here nobody knows those of ${name}; write NAMESPACE/key=value: ${of}/app=${name}?`,
    );
  }
  if (!NAMESPACE.test(namespace)) {
    throw usage(`--workload ${text}: ${namespace} is no name of a namespace; write NS/key=value`);
  }
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) {
      throw usage(`--workload ${text}: "${pair}" is no label; write NS/key=value,key=value`);
    }
    labels[key] = value;
  }
  return { namespace, labels };
}

/** Reads `IP:PORT`, `[IPV6]:PORT`, or for upstreams `HOST:PORT`. */
export function parseAddress(option: string, text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address === undefined || !(port <= 65535)) {
    throw usage(`${option} ${text}: expected IP:PORT`);
  }
  return { address, port };
}

/** Reads a port number of an option. */
export function parsePort(text: string, option = '--port'): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    throw usage(`${option} ${text}: expected a number from 1 to 65535`);
  }
  return port;
}

/** Reads `URI=FILE`; the URI may hold `=`, the file may not. */
export function parseJwks(text: string): { uri: string; file: string } {
  const equal = text.lastIndexOf('=');
  const uri = text.slice(0, Math.max(equal, 0));
  if (!/^https?:\/\/./i.test(uri) || !URL.canParse(uri) || equal === text.length - 1) {
    throw usage(`--jwks ${text}: expected URI=FILE, the URI beginning with https:// or http://`);
  }
  return { uri, file: text.slice(equal + 1) };
}

function usage(message: string): Failure {
  return new Failure(ExitCode.Usage, message);
}
