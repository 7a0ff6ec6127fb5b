// `includeRequestBodyInCheck`: what the authorizer gets of a body, and that nothing goes on before it has answered.
import { describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import type { HttpCall } from '../../host/http-calls.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin, Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { denyPolicy, request, start, statusOf } from './fixture.ts';

const CLUSTER = 'outbound|8000||authz.example';
const MOST = 10;

interface Settings {
  allowPartialMessage?: boolean;
  failOpen?: boolean;
  clusters?: string[];
  resources?: object[];
}

/** A workload whose authorizer sees bodies of at most ten bytes. */
function running(settings: Settings = {}): { process: Process; plugin: Plugin } {
  const { allowPartialMessage = false, failOpen = false, clusters = [CLUSTER] } = settings;
  const includeRequestBodyInCheck = { maxRequestBytes: MOST, allowPartialMessage };
  const envoyExtAuthzHttp = {
    service: 'authz.example',
    port: 8000,
    failOpen,
    includeRequestBodyInCheck,
  };
  const custom = denyPolicy([{ to: [{ operation: { notPaths: ['/free'] } }] }], 'custom', {
    action: 'CUSTOM',
    provider: { name: 'authz' },
  });
  return start(
    [custom, ...(settings.resources ?? [])],
    {
      extensionProviders: [{ name: 'authz', envoyExtAuthzHttp }],
      allowOnHeadersStopIteration: true,
    },
    { clusters },
  );
}

/** A request whose body is still to come. */
function post(plugin: Plugin, path = '/ip', more: Pair[] = [], method = 'POST'): HttpStream {
  const headers: Pair[] = [
    [':authority', 'httpbin.foo:8000'],
    [':path', path],
    [':method', method],
    ...more,
  ];
  return plugin.request(headers, { isWhole: false })!;
}

/** The question that has been asked: its body, what it says of its length, and whether that is all of it. */
function asked({ httpCalls }: Process): [body: string, length: string, isPartial: string][] {
  const header = (call: HttpCall, name: string): string =>
    call.headers.find(([key]) => key === name)?.[1] ?? '';
  return httpCalls.map((call) => [
    fromUtf8(call.body),
    header(call, 'content-length'),
    header(call, 'x-envoy-auth-partial-body'),
  ]);
}

describe('an authorizer that sees bodies', () => {
  it.each<[string, string[], boolean, [string, string, string]]>([
    ['in one piece', ['hello'], false, ['hello', '5', 'false']],
    ['in several', ['he', 'll', 'o'], false, ['hello', '5', 'false']],
    ['of no bytes', [''], false, ['', '0', 'false']],
    ['as long as it may be', ['0123456789'], false, ['0123456789', '10', 'false']],
    ['… in two pieces', ['01234', '56789'], false, ['0123456789', '10', 'false']],
    ['that is cut', ['0123456789x'], true, ['0123456789', '10', 'true']],
    ['that is short where others are cut', ['abc'], true, ['abc', '3', 'false']],
  ])('is asked with one %s, once', (_, pieces, allowPartialMessage, question) => {
    const { process, plugin } = running({ allowPartialMessage });
    const stream = post(plugin);
    pieces.forEach((piece, i) => {
      expect(process.httpCalls).toEqual([]);
      plugin.sendBody(stream, piece, i === pieces.length - 1);
      expect(stream.state).toBe('paused');
    });
    expect(asked(process)).toEqual([question]);
    process.httpCalls[0]!.respond({ status: 200 });
    expect(stream.state).toBe('continued');
  });

  it('is asked when trailers end the body', () => {
    const { process, plugin } = running();
    const stream = post(plugin);
    plugin.sendBody(stream, 'abc');
    expect(process.httpCalls).toEqual([]);
    plugin.sendTrailers(stream);
    expect(stream.state).toBe('paused');
    expect(asked(process)).toEqual([['abc', '3', 'false']]);
    process.httpCalls[0]!.respond({ status: 403 });
    expect(statusOf(stream)).toBe(403);
  });

  it('is asked at once about a request without a body, and told of none', () => {
    const { process, plugin } = running();
    const stream = request(plugin);
    expect(asked(process)).toEqual([['', '0', '']]);
    process.httpCalls[0]!.respond({ status: 200 });
    expect(statusOf(stream)).toBe(200);
  });

  // As Envoy's: what comes is no body of HTTP that would ever end.
  it.each<[string, Pair[], string]>([
    ['an upgrade', [['upgrade', 'websocket']], 'GET'],
    ['a CONNECT', [], 'CONNECT'],
  ])('is asked at once about %s', (_, headers, method) => {
    const { process, plugin } = running();
    const stream = post(plugin, '/ip', headers, method);
    expect(asked(process)).toEqual([['', '0', '']]);
    process.httpCalls[0]!.respond({ status: 200 });
    expect(statusOf(stream)).toBe(200);
  });

  it('is not asked where no rule matches: headers and body go on', () => {
    const { process, plugin } = running();
    const stream = post(plugin, '/free');
    expect(stream.state).toBe('continued');
    plugin.sendBody(stream, 'more than ten bytes');
    plugin.sendTrailers(stream);
    expect(stream.state).toBe('continued');
    expect(process.httpCalls).toEqual([]);
  });

  it('that sees parts is asked as soon as it may see no more, though more is to come', () => {
    const { process, plugin } = running({ allowPartialMessage: true });
    const stream = post(plugin);
    plugin.sendBody(stream, '012345678');
    expect(process.httpCalls).toEqual([]);
    plugin.sendBody(stream, '9');
    expect(asked(process)).toEqual([['0123456789', '10', 'false']]);
  });

  it('is asked once, whatever comes while it thinks, and nothing goes on meanwhile', () => {
    const { process, plugin } = running({ allowPartialMessage: true });
    const stream = post(plugin);
    plugin.sendBody(stream, '0123456789x');
    plugin.sendBody(stream, 'y');
    plugin.sendBody(stream, 'z', true);
    plugin.sendTrailers(stream);
    expect(stream.state).toBe('paused');
    expect(asked(process)).toEqual([['0123456789', '10', 'true']]);
    process.httpCalls[0]!.respond({ status: 401 });
    expect(statusOf(stream)).toBe(401);
  });

  it('that allows while the body still comes lets all of it pass', () => {
    const { process, plugin } = running({ allowPartialMessage: true });
    const stream = post(plugin);
    plugin.sendBody(stream, '0123456789x');
    process.httpCalls[0]!.respond({ status: 200 });
    expect(stream.state).toBe('continued');
    plugin.sendBody(stream, 'y');
    plugin.sendTrailers(stream);
    expect(stream.state).toBe('continued');
    expect(process.httpCalls).toEqual([]);
  });

  it('leaves the last word to the policies: a body that it allows is refused by DENY', () => {
    const deny = denyPolicy([{ to: [{ operation: { methods: ['POST'] } }] }]);
    const { process, plugin } = running({ resources: [deny] });
    const stream = post(plugin);
    plugin.sendBody(stream, 'abc', true);
    process.httpCalls[0]!.respond({ status: 200 });
    expect(statusOf(stream)).toBe(403);
  });

  it('keeps nothing of a request for the next one', () => {
    const { process, plugin } = running();
    const first = post(plugin);
    plugin.sendBody(first, 'abc');
    plugin.end(first);
    // Whole, or not judged by the authorizer: neither waits for a body.
    const whole = request(plugin);
    expect(process.httpCalls).toHaveLength(1);
    process.httpCalls[0]!.respond({ status: 200 });
    expect(statusOf(whole)).toBe(200);
    plugin.end(whole);
    const waiting = post(plugin);
    plugin.sendBody(waiting, 'abc', true);
    plugin.end(waiting);
    const free = post(plugin, '/free');
    plugin.sendBody(free, 'abc');
    expect(free.state).toBe('continued');
  });
});

describe('a body that is longer than the authorizer may see', () => {
  it.each([
    ['in one piece', ['0123456789x']],
    ['in several', ['012345', '6789', 'x']],
  ])('is refused: %s', (_, pieces) => {
    const { process, plugin } = running();
    const stream = post(plugin);
    for (const piece of pieces) plugin.sendBody(stream, piece);
    expect(stream.reply).toMatchObject({
      status: 413,
      details: 'request_payload_too_large',
      body: 'Payload Too Large',
    });
    expect(stream.state).toBe('replied');
    expect(fromUtf8(stream.filterState('portcullis.decision')!)).toBe(
      'error reason=request_payload_too_large',
    );
    const counted = 'portcullis_requests_total;outcome=error;reason=request_payload_too_large';
    expect(process.metrics.value(counted)).toBe(1);
    expect(process.httpCalls).toEqual([]);
  });

  it('is refused under failOpen, too', () => {
    const { plugin } = running({ failOpen: true });
    const stream = post(plugin);
    plugin.sendBody(stream, '0123456789x', true);
    expect(statusOf(stream)).toBe(413);
  });
});

describe('where the authorizer cannot be asked', () => {
  const without = { clusters: [], allowPartialMessage: true };

  it.each(['body', 'trailers'])('a request is refused when its %s ends', (what) => {
    const { process, plugin } = running(without);
    const stream = post(plugin);
    plugin.sendBody(stream, 'abc', what === 'body');
    if (what === 'trailers') plugin.sendTrailers(stream);
    expect(stream.reply).toMatchObject({ status: 403, details: 'ext_authz_error' });
    expect(process.metrics.value('portcullis_ext_authz_total;provider=authz;result=error')).toBe(1);
  });

  it.each(['body', 'trailers'])('failOpen lets it go on when its %s ends', (what) => {
    const { plugin } = running({ ...without, failOpen: true });
    const stream = post(plugin);
    plugin.sendBody(stream, 'abc', what === 'body');
    if (what === 'trailers') plugin.sendTrailers(stream);
    expect(statusOf(stream)).toBe(200);
    expect(fromUtf8(stream.filterState('portcullis.decision')!)).toBe('fail_open provider=authz');
  });

  it('failOpen lets what follows pass as well', () => {
    const { plugin } = running({ ...without, failOpen: true });
    const stream = post(plugin);
    plugin.sendBody(stream, '0123456789x');
    expect(stream.state).toBe('continued');
    plugin.sendBody(stream, 'y');
    plugin.sendTrailers(stream);
    expect(stream.state).toBe('continued');
  });
});

describe('a host that does not hand over', () => {
  it.each([
    ['the body', 'proxy_get_buffer_bytes', false],
    ['the headers again', 'proxy_get_header_map_pairs', false],
    ['the body before trailers', 'proxy_get_buffer_bytes', true],
    ['the headers before trailers', 'proxy_get_header_map_pairs', true],
  ])('%s gets no request past the authorizer, failOpen or not', (_, call, hasTrailers) => {
    const { process, plugin } = running({ failOpen: true });
    const stream = post(plugin);
    if (hasTrailers) plugin.sendBody(stream, 'abc');
    process.failing.add(call);
    if (hasTrailers) plugin.sendTrailers(stream);
    else plugin.sendBody(stream, 'abc', true);
    expect(stream.reply).toMatchObject({ status: 500, details: 'portcullis_host_call_failed' });
    expect(process.httpCalls).toEqual([]);
  });
});
