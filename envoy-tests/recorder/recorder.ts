// Writes down what native filters answer, for host-tests/recorded: of every request that a test asks at both listeners, as the filters
// saw it, on a third listener without any. `make record`; in other runs nothing of it is there.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import type { JsonObject } from '../../envoy/config/types.ts';
import {
  type RecordedWorld,
  type SeenRequest,
  type Verdict,
  changesBetween,
  comparableChallenge,
  isStable,
  joinedByName,
  pairsOf,
} from '../../host-tests/recorded/format.ts';
import type { Answer, Ask } from '../ask.ts';
import { CaseFile } from './case-file.ts';

/** The listener without filters. */
export const FACTS = 'facts';
/** The filter of `writeMetadata`. */
const METADATA_WRITER = 'write-metadata';
const REMOTE_FACT = 'x-fact-remote';
const SNI_FACT = 'x-fact-sni';
/** The number of a request among those that came to the upstream. */
const RECEIVED = 'x-received';
/** In the place of a listener's port, which the kernel has chosen. */
const PORT = 8000;

/** Headers of an answer that are Envoy's, or have a place of their own. */
const NOT_ITS_OWN = new Set([
  ...['date', 'server', 'content-length', 'connection', 'keep-alive', 'transfer-encoding'],
  ...['x-envoy-upstream-service-time', 'content-type', 'www-authenticate', 'x-details'],
]);

/** How many cases of one test are written down: of random ones there are more than a repository needs. */
const MOST_CASES = 40;
const SPOILT = 'filter_removed_required_request_headers';

/** A request that has come to the upstream. */
type Received = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>;

/** The files of this process, by path. */
const files = new Map<string, CaseFile>();

export class Recorder {
  private readonly folder: string;
  private readonly received: Received[] = [];
  private readonly clients: string[] = [];
  private readonly worlds: Record<string, RecordedWorld>;
  private metadata: JsonObject | undefined;

  private constructor(folder: string, worlds: Record<string, RecordedWorld>) {
    this.folder = folder;
    this.worlds = worlds;
  }

  /** One for the listeners of an Envoy, by their names, where RECORD names a folder. */
  static start(worlds: () => Record<string, RecordedWorld>): Recorder | undefined {
    const folder = process.env.RECORD;
    return folder === undefined ? undefined : new Recorder(folder, worlds());
  }

  /** Lets the upstream number what it gets. */
  listenAt(upstream: Server): void {
    upstream.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const { method, url, rawHeaders } = request;
      response.setHeader(RECEIVED, this.received.push({ method, url, rawHeaders }) - 1);
    });
  }

  /** Lets the listener without filters tell what headers do not. */
  prepare(bootstrap: JsonObject): void {
    const { listeners } = bootstrap.static_resources as unknown as {
      listeners: {
        name: string;
        filter_chains: {
          filters: { typed_config: { route_config: JsonObject; http_filters: JsonObject[] } }[];
        }[];
      }[];
    };
    const { filter_chains } = listeners.find(({ name }) => name === FACTS)!;
    const { route_config, http_filters } = filter_chains[0]!.filters.at(-1)!.typed_config;
    route_config.request_headers_to_add = [
      { header: { key: REMOTE_FACT, value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } },
      { header: { key: SNI_FACT, value: '%REQUESTED_SERVER_NAME%' } },
    ];
    const writer = http_filters.find(({ name }) => name === METADATA_WRITER)?.typed_config as
      { metadata: { value: JsonObject }[] } | undefined;
    this.metadata = writer?.metadata[0]!.value;
  }

  /** The request as filters see it; undefined where none sees it. `facts`: what the listener without filters has answered. */
  seen(ask: Ask, facts: Answer, now: number): SeenRequest | undefined {
    const received = this.receivedBy(facts);
    if (received === undefined) return undefined;
    const pairs = pairsOf(received.rawHeaders);
    const value = (wanted: string): string => pairs.find(([name]) => name === wanted)?.[1] ?? '';
    const isFact = (name: string): boolean => name === REMOTE_FACT || name === SNI_FACT;
    const headers = pairs.filter(([name]) => !isFact(name) && isStable(name));
    const sni = value(SNI_FACT).replace(/^-$/, '');
    return {
      now,
      method: received.method ?? '',
      path: received.url ?? '',
      authority: value('host').replace(/^127\.0\.0\.1:\d+$/, `127.0.0.1:${PORT}`),
      headers: headers.flat(),
      remote: value(REMOTE_FACT),
      ...(ask.tls === undefined
        ? {}
        : { tls: { ...(sni && { sni }), client: this.clientOf(ask.tls.cert) } }),
    };
  }

  /** What native filters have made of a request that they saw like this. `facts`: see `seen`; what it has, too, is the listener's. */
  verdict(seen: SeenRequest, native: Answer, port: number, facts?: Answer): Verdict {
    const received = this.receivedBy(native);
    if (received !== undefined) {
      const after = {
        path: received.url ?? '',
        headers: joinedByName(pairsOf(received.rawHeaders)),
      };
      const before = { path: seen.path, headers: joinedByName(pairsOf(seen.headers)) };
      return { upstream: changesBetween(before, after) };
    }
    const header = (name: string): string | undefined => native.headers[name]?.toString();
    const details = header('x-details');
    // To other filters' answers an authorizer adds its headers on the way back, which a replay does not go.
    const isAuthorizers = details === undefined || details === 'ext_authz_denied';
    const own = Object.fromEntries(
      (isAuthorizers ? Object.keys(native.headers) : [])
        .filter((name) => !NOT_ITS_OWN.has(name))
        .filter((name) => facts === undefined || facts.headers[name] !== native.headers[name])
        .map((name) => [name, header(name)!]),
    );
    const challenge = header('www-authenticate')?.replace(`:${port}/`, `:${PORT}/`);
    return {
      status: native.status,
      body: native.body,
      type: header('content-type'),
      challenge: challenge === undefined ? undefined : comparableChallenge(challenge),
      headers: Object.keys(own).length === 0 ? undefined : own,
      details,
    };
  }

  /** The certificates of the clients that were seen. */
  get certificates(): string[] {
    return this.clients;
  }

  /** Writes down a request of the test that runs, and its answers on the listeners with and without native filters. */
  record(listener: string, asked: { ask: Ask; facts: Answer; native: Answer; port: number }): void {
    const { ask, facts, native, port } = asked;
    // Bodies are not written down.
    const seen = ask.body ? undefined : this.seen(ask, facts, Math.floor(Date.now() / 1000));
    // What Envoy says of a request that its filters have spoilt, be they native or ours: a claim of two lines in a header.
    const isSpoilt = String(native.headers['x-details']).startsWith(SPOILT);
    if (seen === undefined || isSpoilt) return;
    const { testPath = '', currentTestName = '' } = expect.getState();
    const path = join(this.folder, basename(testPath).replace('.test.ts', '.jsonl'));
    const file = files.get(path) ?? new CaseFile(path);
    files.set(path, file);
    if (file.casesOf(currentTestName) === MOST_CASES) return;
    const verdict = this.verdict(seen, native, port, facts);
    const world = { ...this.worlds[listener]!, metadata: this.metadata };
    file.write(world, this.clients, { test: currentTestName, ask: seen, verdict });
  }

  private receivedBy(answer: Answer): Received | undefined {
    const number = answer.headers[RECEIVED];
    return number === undefined ? undefined : this.received[Number(number)];
  }

  private clientOf(certificate: string | undefined): number | undefined {
    if (certificate === undefined) return undefined;
    const known = this.clients.indexOf(certificate);
    return known < 0 ? this.clients.push(certificate) - 1 : known;
  }
}
