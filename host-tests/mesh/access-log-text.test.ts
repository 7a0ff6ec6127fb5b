// Lines of the access log as `mesh logs` shows them.
import { describe, expect, it } from 'vitest';
import { accessLogText } from '../../cli/mesh/access-log-text.ts';

const LINE = {
  start_time: '2026-01-01T00:00:00.000Z',
  method: 'GET',
  authority: 'httpbin.foo:8000',
  path: '/ip',
  response_code: 200,
  response_code_details: 'via_upstream',
  response_flags: '-',
  decision: null,
  peer: 'mtls spiffe://cluster.local/ns/foo/sa/sleep',
  downstream_remote_address: '127.0.0.1:1234',
  matched: null,
  audit: null,
  dry_run: null,
};
const text = (fields: object): string =>
  accessLogText(`${JSON.stringify({ ...LINE, ...fields })}\n`);

describe('a line of the access log', () => {
  it.each([
    [{}, '200 GET httpbin.foo:8000/ip  from mtls spiffe://cluster.local/ns/foo/sa/sleep'],
    [{ peer: null }, '200 GET httpbin.foo:8000/ip'],
    [{ peer: 'plaintext' }, '200 GET httpbin.foo:8000/ip  from plaintext 127.0.0.1:1234'],
    [
      {
        peer: null,
        response_code: 403,
        decision: 'deny policy=ns[foo]-policy[p]-rule[0]',
        matched: 'to[0].operation.paths',
        response_code_details: 'rbac_access_denied_matched_policy[ns[foo]-policy[p]-rule[0]]',
      },
      '403 GET httpbin.foo:8000/ip  deny policy=ns[foo]-policy[p]-rule[0]  by to[0].operation.paths',
    ],
    [
      {
        peer: null,
        response_code: 503,
        response_code_details: 'upstream_reset_before_response_started',
        response_flags: 'UF',
      },
      '503 GET httpbin.foo:8000/ip  upstream_reset_before_response_started  flags UF',
    ],
    [
      { peer: null, audit: 'ns[foo]-policy[a]-rule[0]', dry_run: 'deny policy=none' },
      '200 GET httpbin.foo:8000/ip  audit ns[foo]-policy[a]-rule[0]  dry run: deny policy=none',
    ],
    [
      {
        method: null,
        authority: null,
        path: null,
        response_code: 0,
        response_code_details: null,
        peer: 'plaintext',
        decision: 'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
      },
      'connection  from plaintext 127.0.0.1:1234  unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
    ],
    // The client has gone before there was an answer.
    [
      { peer: null, response_code: 0, response_code_details: 'downstream_remote_disconnect' },
      '- GET httpbin.foo:8000/ip  downstream_remote_disconnect',
    ],
  ])('with %j is %s', (fields, expected) => {
    expect(text(fields)).toBe(`2026-01-01T00:00:00.000Z  ${expected}\n`);
  });

  it('that is cut stays as it is, beside others that are not', () => {
    expect(accessLogText(`{"start_ti\n${JSON.stringify(LINE)}\n\nnull\n`)).toBe(
      `{"start_ti\n${text({})}\nnull\n`,
    );
  });
});
